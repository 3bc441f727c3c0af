// The largest and the smallest component stay, and so do saturation and value; each component goes round the hexagon of
// hues, of which a sixth takes it from one of them to the other.
fn with_hue_moved(color: vec3<f32>, share: f32) -> vec3<f32> {
    let high = max(color.x, max(color.y, color.z));
    let chroma = high - min(color.x, min(color.y, color.z));
    let part = (color.yzx - color.zxy) / max(chroma, 1e-30); // a grey has none, and no hue
    let hue = select(select(4.0 + part.z, 2.0 + part.y, color.y == high), part.x, color.x == high);
    let turned = vec3(5.0, 3.0, 1.0) + hue + 6.0 * share;
    let around = turned - 6.0 * floor(turned / 6.0);
    return high - chroma * clamp(min(around, 4.0 - around), vec3(0.0), vec3(1.0));
}
