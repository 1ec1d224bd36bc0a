//! A small picture of adoption for the terminal: share patched over days, in braille dots.

use textplots::{Chart, LabelBuilder, LabelFormat, Plot, Shape, TickDisplay, TickDisplayBuilder};

/// Dots across and down; a character holds two by four.
const WIDTH: u32 = 150;
const HEIGHT: u32 = 32;

/// Draws cumulative counts `patched` of `of` devices over `hours`. Nothing to draw gives an empty text.
pub(crate) fn adoption(hours: &[f64], patched: &[u64], of: u64) -> String {
    let (Some(&end), true) = (hours.last(), of > 0) else { return String::new() };
    let days = (end / 24.0) as f32;
    if days <= 0.0 {
        return String::new();
    }
    // More points than dots only cost time.
    let every = (hours.len() / (2 * WIDTH as usize)).max(1);
    let mut points = vec![(0.0_f32, 0.0_f32)];
    points.extend(
        hours
            .iter()
            .zip(patched)
            .enumerate()
            .filter(|(i, _)| (i + 1) % every == 0 || i + 1 == hours.len())
            .map(|(_, (&hour, &count))| ((hour / 24.0) as f32, (count as f64 / of as f64 * 100.0) as f32)),
    );
    let line = Shape::Lines(&points);
    let mut chart = Chart::new_with_y_range(WIDTH, HEIGHT, 0.0, days, 0.0, 100.0);
    // The builder's borrows last as long as the chart, so everything is one chain.
    let chart = chart
        .x_label_format(LabelFormat::Custom(Box::new(|day| format!("day {}", (day * 10.0).round() / 10.0))))
        .y_label_format(LabelFormat::Custom(Box::new(|percent| format!("{percent:.0} %"))))
        .y_tick_display(TickDisplay::Sparse)
        .lineplot(&line);
    chart.axis();
    chart.figures();
    // Braille blanks are wide on some terminals and unreadable to screen readers; a space is a space.
    let text = chart.to_string().replace('\u{2800}', " ");
    let lines: Vec<String> = text.lines().map(|line| format!("  {}", line.trim_end())).collect();
    lines.join("\n").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_within_the_width() {
        let hours: Vec<f64> = (1..=960).map(f64::from).collect();
        let patched: Vec<u64> = (1..=960).map(|h| h.min(500)).collect();
        let text = adoption(&hours, &patched, 500);
        assert!(text.contains("100 %") && text.contains("day 0") && text.contains("day 40"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(adoption(&[], &[], 5), "");
        assert_eq!(adoption(&[1.0], &[0], 0), "");
    }
}
