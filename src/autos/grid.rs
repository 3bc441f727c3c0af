//! The points at which a regressor is asked, between which its answers are interpolated.

/// So many rising points over the range of `values`: half of them lie where the values do, each with as many of them as the
/// next, and the others part what these leave widest. Gradients have long tails with few weights in them: points at equal
/// distances would be lost there, and points by numbers of weights alone would leave the tails to a straight line.
///
/// # Panics
/// If there are less than two points to be.
pub fn axis(values: impl Iterator<Item = f32>, points: usize) -> Vec<f32> {
    assert!(points > 1, "an axis has two points at least");
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    let last = values.len().saturating_sub(1);
    let half = (points / 2).max(2);
    let ranks = (0..half).map(|i| i * last / (half - 1));
    let mut axis: Vec<f32> = ranks.filter_map(|rank| values.get(rank).copied()).collect();
    // Zeros of both signs are one point.
    axis.dedup_by(|a, b| a == b);
    if axis.is_empty() {
        axis.push(0.0);
    }
    while axis.len() < points {
        let gaps = axis
            .windows(2)
            .map(|pair| f64::from(pair[1]) - f64::from(pair[0]));
        let widest = gaps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let middle = widest.map(|(i, _)| (i + 1, axis[i].midpoint(axis[i + 1])));
        match middle {
            Some((i, middle)) if axis[i - 1] < middle && middle < axis[i] => axis.insert(i, middle),
            // All values are neighbours, so any other points will do.
            _ => axis.push(axis[axis.len() - 1].next_up()),
        }
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_rises_over_the_range_whatever_the_values_are() {
        let tail = |i: i32| f32::from(i8::try_from(i % 100).expect("small")).powi(5);
        let cases: [Vec<f32>; 6] = [
            (-3000..3000).map(tail).collect(),
            vec![],
            vec![0.0, -0.0],
            vec![2.5; 7],
            vec![1.0, 1.0f32.next_up()],
            vec![f32::MIN, f32::MAX],
        ];
        for values in cases {
            for points in [2, 3, 128] {
                let axis = axis(values.iter().copied(), points);
                assert_eq!(axis.len(), points);
                assert!(axis.windows(2).all(|pair| pair[0] < pair[1]), "{axis:?}");
                let covers = |&value: &f32| axis[0] <= value && value <= axis[points - 1];
                assert!(values.iter().all(covers), "{axis:?}");
            }
        }
    }

    #[test]
    fn half_of_the_points_lie_where_the_values_do() {
        let values = (0..1000)
            .map(|i: i16| f32::from(i) / 1000.0)
            .chain([1000.0]);
        let axis = axis(values, 100);
        let among = axis.iter().filter(|&&point| point <= 1.0).count();
        assert!((45..55).contains(&among), "{among}");
        let widest = axis
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .fold(0.0, f32::max);
        assert!(widest < 32.0, "{widest}");
    }
}
