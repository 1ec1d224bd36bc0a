//! The trade between two metrics as a picture: every strategy, and the front of those that nothing beats.

use rollcast_sweep::layout::Column;

use super::{
    chart::{self, Told},
    comparison::{HEADING, column, lines, put, styled},
    number::share,
    paper,
};
use crate::report::{
    choice::{listed, told},
    comparison::{Compared, Front, Metric},
};

/// Names of so many points of the front are said, the others are counted.
const NAMED: usize = 12;

/// Strategies between the two metrics of the front, and how sure their places on it are.
pub(super) fn pareto(out: &mut String, of: &Compared) {
    let names: Vec<String> = of.strategies.iter().map(|strategy| strategy.name.clone()).collect();
    trade(out, of, &names);
    say_sureness(out, &of.front, &names);
}

fn trade(out: &mut String, of: &Compared, names: &[String]) {
    let [first, second] = of.front.of.as_slice() else { return };
    let metric = |name: &String| of.metrics.iter().find(|metric| metric.name == *name);
    let Some((x, y)) = metric(first).zip(metric(second)) else { return };
    let means =
        |metric: &Metric| metric.of.iter().map(|of| of.mean.map(|mean| mean.value)).collect::<Vec<_>>();
    picture(out, (&column(x), &means(x)), (&column(y), &means(y)), &of.front.strategies, names);
}

/// Says how sure the places on a front are, if they are not.
pub(super) fn say_sureness(out: &mut String, of: &Front, names: &[String]) {
    if let Some(text) = sureness(of, names) {
        lines(&text, paper::columns() - 2).into_iter().for_each(|line| put(out, format_args!("  {line}")));
    }
}

/// A picture of points between two columns of which less is better, with the names of those on the front.
pub(super) fn picture(
    out: &mut String,
    (x, x_means): (&Column, &[Option<f64>]),
    (y, y_means): (&Column, &[Option<f64>]),
    on: &[usize],
    names: &[String],
) {
    let defined = (0..names.len()).filter_map(|i| Some((i, (x_means[i]?, y_means[i]?))));
    let (numbers, points): (Vec<usize>, Vec<(f64, f64)>) = defined.unzip();
    let is_on: Vec<bool> = numbers.iter().map(|i| on.contains(i)).collect();
    let said = |of: &Column| -> Told {
        let of = of.clone();
        Box::new(move |value| told(&of, value.max(0.0)))
    };
    let chart = match x.lower_is_better && y.lower_is_better {
        true => chart::front(&points, &is_on, [said(x), said(y)]),
        false => String::new(),
    };
    if chart.is_empty() {
        return;
    }
    put(
        out,
        format_args!("\n{} (means: {} upwards, {} to the right)", styled(HEADING, "front"), y.name, x.name),
    );
    out.push_str(&chart);
    let mut from_left: Vec<usize> = (0..points.len()).filter(|i| is_on[*i]).collect();
    from_left.sort_by(|a, b| points[*a].0.total_cmp(&points[*b].0));
    let named: Vec<String> = from_left.iter().take(NAMED).map(|i| names[numbers[*i]].clone()).collect();
    let more = match from_left.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let text = format!("the squares from left to right: {}{more}", named.join("; "));
    lines(&text, paper::columns() - 2).into_iter().for_each(|line| put(out, format_args!("  {line}")));
}

/// How sure the places on a front are, as far as resamples of the runs tell; `None` if they are all sure or nothing is known.
fn sureness(front: &Front, names: &[String]) -> Option<String> {
    /// Below it luck alone does not bring a point there often enough to speak of.
    const OFTEN: f64 = 0.05;
    let shares = front.share_of_resamples.as_ref()?;
    let mut unsure: Vec<usize> = (0..names.len())
        .filter(|i| shares[*i] < 1.0 && (shares[*i] >= OFTEN || front.strategies.contains(i)))
        .collect();
    unsure.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
    let told = |&i: &usize| format!("{} in {}", names[i], share(shares[i]));
    let named: Vec<String> = unsure.iter().take(NAMED).map(told).collect();
    let more = match unsure.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!("on the front of {} in resampled runs: {}{more}", listed(&front.of), named.join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_luck_decides_are_said() {
        let front = |shares: Option<Vec<f64>>| Front {
            of: vec!["exposure".into(), "harm".into()],
            strategies: vec![0, 1],
            share_of_resamples: shares,
        };
        let names: Vec<String> = ["sure", "on it", "near", "far"].map(str::to_owned).into();
        let told = sureness(&front(Some(vec![1.0, 0.6, 0.4, 0.01])), &names);
        assert_eq!(
            told.as_deref(),
            Some("on the front of exposure and harm in resampled runs: on it in 60 %; near in 40 %")
        );
        assert_eq!(sureness(&front(Some(vec![1.0, 1.0, 0.0, 0.0])), &names), None);
        assert_eq!(sureness(&front(None), &names), None);
    }
}
