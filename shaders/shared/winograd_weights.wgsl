// The weights of C·K filters, several outputs to a value.
override LENGTH: u32; // C·K in values
override K: u32; // in values

fn weight_point(row: u32, column: u32, i: u32) -> u32 { return point_row(row, column, i / K, LENGTH / K) * K + i % K; }
