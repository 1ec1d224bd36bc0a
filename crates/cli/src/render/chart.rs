//! Small pictures for the terminal, in braille dots: adoption over days, and strategies between two metrics.

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
    drawn(chart)
}

/// How the numbers of an axis are said.
pub(crate) type Told = Box<dyn Fn(f64) -> String>;

/// Dots across and down of a picture of strategies, which stands among tables.
const FRONT: (u32, u32) = (120, 48);

/// Draws points between two numbers of which less is better: those of the front as squares joined by a line, the others as
/// smaller ones. `told` says the numbers of the axes. Fewer than three points, or points in one line with an axis, are no picture.
pub(crate) fn front(points: &[(f64, f64)], on: &[bool], told: [Told; 2]) -> String {
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let all = points.iter().map(of);
        let (least, most) =
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)));
        let room = (most - least) * 0.05;
        (least - room, most + room)
    };
    let ((left, right), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
    if points.len() < 3 || !(left < right && low < high) {
        return String::new();
    }
    let dot = ((right - left) / f64::from(FRONT.0), (high - low) / f64::from(FRONT.1));
    let at = |(x, y): (f64, f64)| (x as f32, y as f32);
    let square = |(x, y): (f64, f64), size: i32| {
        let around = move || (0..size).map(f64::from);
        around().flat_map(move |i| around().map(move |j| (x + i * dot.0, y + j * dot.1)))
    };
    let marked = || points.iter().copied().zip(on);
    let mut line: Vec<(f64, f64)> = marked().filter(|(_, on)| **on).map(|(point, _)| point).collect();
    line.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let squares: Vec<(f32, f32)> = line.iter().flat_map(|point| square(*point, 3)).map(at).collect();
    let line: Vec<(f32, f32)> = line.into_iter().map(at).collect();
    let dots: Vec<(f32, f32)> = marked().flat_map(|(point, _)| square(point, 2)).map(at).collect();
    let (line, squares, dots) = (Shape::Lines(&line), Shape::Points(&squares), Shape::Points(&dots));
    let [first, second] = told;
    let mut chart =
        Chart::new_with_y_range(FRONT.0, FRONT.1, left as f32, right as f32, low as f32, high as f32);
    let chart = chart
        .x_label_format(LabelFormat::Custom(Box::new(move |x| first(f64::from(x)))))
        .y_label_format(LabelFormat::Custom(Box::new(move |y| second(f64::from(y)))))
        .y_tick_display(TickDisplay::None)
        .lineplot(&line)
        .lineplot(&squares)
        .lineplot(&dots);
    drawn(chart)
}

fn drawn(chart: &mut Chart<'_>) -> String {
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
    fn strategies_between_two_metrics() {
        let plain = || -> [Told; 2] {
            [Box::new(|value| format!("{value:.0}")), Box::new(|value| format!("{value:.0}"))]
        };
        let points = [(10.0, 300.0), (20.0, 200.0), (40.0, 100.0), (35.0, 250.0)];
        let text = front(&points, &[true, true, true, false], plain());
        assert!(text.lines().count() > 10 && text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("310") && text.contains("90"), "{text}");
        assert_eq!(front(&points[..2], &[true; 2], plain()), "");
        assert_eq!(front(&[(1.0, 1.0); 4], &[true; 4], plain()), "");
    }

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
