//! Civil time to the engine's seconds and back.
//!
//! Local hours are wall-clock hours: a window from 08:00 to 17:00 begins and ends by the clock on the wall also
//! on the days on which daylight saving begins or ends. A time that the clock skips is taken an hour later, of
//! a time that comes twice the first is taken.

use jiff::{
    SpanRound, Timestamp, ToSpan, Unit, Zoned,
    civil::{self, Time},
    tz::TimeZone,
};
use rollcast_core::{
    time::SimTime,
    windows::{Span, Windows},
};

use crate::scalar::{Days, Hours, Moment, Week};

/// Ten in the morning: when releases appear unless the scenario gives a time.
pub const TEN_OCLOCK: Time = Time::constant(10, 0, 0, 0);

/// Where second 0 of the engine lies.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// Unix seconds of second 0.
    pub unix_s: i64,
}

impl Epoch {
    /// The engine's second of an instant.
    pub fn at(self, instant: Timestamp) -> SimTime {
        SimTime(instant.as_second() - self.unix_s)
    }

    /// The instant of an engine's second.
    pub fn instant(self, at: SimTime) -> Timestamp {
        // Times near `NEVER` are of no use to anybody; the clamp keeps them printable.
        let second = (self.unix_s + at.0.clamp(-4_000_000_000, 4_000_000_000)).max(0);
        Timestamp::from_second(second).expect("invariant: within a few thousand years of 1970")
    }

    /// The local date and time of an engine's second.
    pub fn civil(self, at: SimTime, zone: &TimeZone) -> Zoned {
        self.instant(at).to_zoned(zone.clone())
    }

    fn wall(self, date: civil::Date, second_of_day: i64, zone: &TimeZone) -> SimTime {
        let (days, second) = (second_of_day.div_euclid(86_400), second_of_day.rem_euclid(86_400));
        let date = if days == 0 { date } else { date.saturating_add(days.days()) };
        let civil = date.at((second / 3_600) as i8, (second / 60 % 60) as i8, (second % 60) as i8, 0);
        let instant = zone.to_timestamp(civil).expect("invariant: scenarios lie between 2000 and 2100");
        self.at(instant)
    }

    /// Every window of `week` in `zone` that touches `from..to`; windows that meet are one.
    pub fn week(self, week: &Week, zone: &TimeZone, from: SimTime, to: SimTime) -> Windows {
        let first = self.civil(from, zone).date();
        let monday = first.saturating_sub(i64::from(first.weekday().to_monday_zero_offset()).days());
        let mut monday = monday.saturating_sub(7.days());
        let mut spans = Vec::new();
        while self.wall(monday, 0, zone) <= to {
            for (start, end) in week.spans() {
                let (begin, end) = (self.wall(monday, start, zone), self.wall(monday, end, zone));
                if begin < end {
                    spans.push(Span { from: begin, to: end });
                }
            }
            monday = monday.saturating_add(7.days());
        }
        let joined = Windows::new(spans);
        Windows::new(joined.spans().iter().copied().filter(|s| s.from < to && s.to > from).collect())
    }

    /// Every day's stretch of `hours` in `zone` that touches `from..to`.
    pub fn daily(self, hours: &Hours, zone: &TimeZone, from: SimTime, to: SimTime) -> Windows {
        let mut date = self.civil(from, zone).date().saturating_sub(1.day());
        let mut spans = Vec::new();
        loop {
            let begin = self.wall(date, hours.start_s, zone);
            if begin >= to {
                return Windows::new(spans);
            }
            let end = self.wall(date, hours.start_s + hours.length_s, zone);
            if end > from && begin < end {
                spans.push(Span { from: begin, to: end });
            }
            date = date.saturating_add(1.day());
        }
    }

    /// From the first midnight of `days` to the midnight after the last.
    pub fn days(self, days: &Days, zone: &TimeZone) -> Span {
        Span {
            from: self.wall(days.first, 0, zone),
            to: self.wall(days.last.saturating_add(1.day()), 0, zone),
        }
    }

    /// The first second of the last day of the month in which an instant lies.
    pub fn month_end(self, at: SimTime, zone: &TimeZone) -> SimTime {
        self.wall(self.civil(at, zone).date().last_of_month(), 0, zone)
    }

    /// A moment; a date alone means midnight.
    pub fn moment(self, moment: &Moment, zone: &TimeZone) -> SimTime {
        self.at(moment.instant(zone, Time::midnight()))
    }
}

/// `Tue 2026-11-10 19:00`, in `zone`.
pub fn readable(zoned: &Zoned) -> String {
    let rounded = zoned.round(Unit::Minute).unwrap_or_else(|_| zoned.clone());
    rounded.strftime("%a %Y-%m-%d %H:%M").to_string()
}

/// Whole days between two instants on the calendar of `zone`, for texts.
pub fn days_between(a: &Zoned, b: &Zoned) -> i64 {
    let round = SpanRound::new().largest(Unit::Day).smallest(Unit::Day).relative(a);
    a.until(b).and_then(|span| span.round(round)).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use rollcast_core::time::{DAY_S, HOUR_S};

    use super::*;

    fn epoch(text: &str) -> Epoch {
        Epoch { unix_s: text.parse::<Timestamp>().expect("a timestamp").as_second() }
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn patch_tuesday_is_ten_oclock_pacific() {
        let pacific = zone("America/Los_Angeles");
        let at =
            |text: &str| text.parse::<Moment>().expect("a moment").instant(&pacific, TEN_OCLOCK).to_string();
        assert_eq!(at("patch-tuesday 2026-11"), "2026-11-10T18:00:00Z");
        assert_eq!(at("patch-tuesday 2026-10"), "2026-10-13T17:00:00Z");
        assert_eq!(at("2026-10-13"), "2026-10-13T17:00:00Z");
    }

    #[test]
    fn local_hours_follow_the_clock_on_the_wall() {
        // Berlin leaves summer time on 2026-10-25, Detroit on 2026-11-01.
        let week: Week = "workdays 08:00 to 17:00".parse().expect("hours");
        for (name, before, after) in [
            ("Europe/Berlin", "2026-10-23T06:00:00Z", "2026-10-26T07:00:00Z"),
            ("America/Detroit", "2026-10-30T12:00:00Z", "2026-11-02T13:00:00Z"),
        ] {
            let epoch = epoch(before);
            let spans = epoch.week(&week, &zone(name), SimTime(0), SimTime(4 * DAY_S));
            let spans = spans.spans();
            assert_eq!(spans[0].from, SimTime(0));
            assert_eq!(epoch.instant(spans[1].from).to_string(), after);
            assert!(spans.iter().all(|s| s.to.0 - s.from.0 == 9 * HOUR_S));
        }
    }

    #[test]
    fn a_clock_on_the_wall_agrees_all_year() {
        // Berlin changes on 2026-10-25 and 2027-03-28, Detroit on 2026-11-01 and 2027-03-14. No window begins or
        // ends in an hour that is skipped or comes twice, so the weekday and time of day alone decide.
        type Inside = fn(i8, i8) -> bool;
        let weeks: [(&str, Inside); 3] = [
            ("workdays 08:00 to 17:00", |day, hour| day < 5 && (8..17).contains(&hour)),
            ("daily 22:00 to 04:00", |_, hour| !(4..22).contains(&hour)),
            ("Fri 17:00 to Mon 06:00", |day, hour| {
                day > 4 || (day == 4 && hour >= 17) || (day == 0 && hour < 6)
            }),
        ];
        let epoch = epoch("2026-10-13T17:00:00Z");
        let (from, to) = (SimTime(-60 * DAY_S), SimTime(200 * DAY_S));
        for zone in ["Europe/Berlin", "America/Detroit"].map(zone) {
            for (text, inside) in weeks {
                let windows = epoch.week(&text.parse().expect("a week"), &zone, from, to);
                for at in (from.0..to.0).step_by(600).map(SimTime) {
                    let wall = epoch.civil(at, &zone);
                    let expected = inside(wall.weekday().to_monday_zero_offset(), wall.hour());
                    assert_eq!(windows.contains(at), expected, "{text} at {wall}");
                }
            }
        }
    }

    #[test]
    fn skipped_and_doubled_hours() {
        // 02:30 does not exist in Berlin on 2027-03-28 and exists twice on 2026-10-25.
        let hours: Hours = "02:30 to 04:00".parse().expect("hours");
        let berlin = zone("Europe/Berlin");
        let epoch = epoch("2027-03-28T00:00:00Z");
        let spring = epoch.daily(&hours, &berlin, SimTime(0), SimTime(6 * HOUR_S));
        let spring = spring.spans();
        assert_eq!(epoch.instant(spring[0].from).to_string(), "2027-03-28T01:30:00Z");
        assert_eq!(epoch.instant(spring[0].to).to_string(), "2027-03-28T02:00:00Z");
        let autumn =
            Epoch { unix_s: "2026-10-25T00:00:00Z".parse::<Timestamp>().expect("a timestamp").as_second() };
        let spans = autumn.daily(&hours, &berlin, SimTime(0), SimTime(6 * HOUR_S));
        let spans = spans.spans();
        assert_eq!(spans[0].to - spans[0].from, 2 * HOUR_S + 30 * 60);
    }

    #[test]
    fn windows_over_midnight_and_over_days() {
        let epoch = epoch("2026-11-09T00:00:00Z"); // a Monday
        let week: Week = "Fri 17:00 to Mon 06:00".parse().expect("a window");
        let spans = epoch.week(&week, &TimeZone::UTC, SimTime(0), SimTime(7 * DAY_S));
        let hours: Vec<(i64, i64)> =
            spans.spans().iter().map(|s| (s.from.0 / HOUR_S, s.to.0 / HOUR_S)).collect();
        assert_eq!(hours, [(-55, 6), (4 * 24 + 17, 7 * 24 + 6)]);
        let days: Days = "2026-11-11 to 2026-11-12".parse().expect("days");
        assert_eq!(
            epoch.days(&days, &TimeZone::UTC),
            Span { from: SimTime(2 * DAY_S), to: SimTime(4 * DAY_S) }
        );
    }
}
