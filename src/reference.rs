//! Twins of the ops: slow, obvious, f64. What a kernel computes is checked against these, never the other way round.
