// A product whose inner steps are vectors of four terms.
alias Left = vec4<f32>;
alias Right = vec4<f32>;
alias Sum = f32;
const MAX_COLUMNS = 64u;

fn accumulate(sum: Sum, a: Left, b: Right) -> Sum {
    return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
