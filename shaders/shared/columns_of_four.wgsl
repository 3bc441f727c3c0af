// A product whose columns are vectors of four outputs: a left value meets four right ones.
alias Left = f32;
alias Right = vec4<f32>;
alias Sum = vec4<f32>;
const MAX_COLUMNS = 16u;

fn accumulate(sum: Sum, value: Left, four: Right) -> Sum { return fma(vec4(value), four, sum); }
