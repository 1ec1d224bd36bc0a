//! When telemetry shows what happened to a batch: what `sight.rs` of the general life says, in columns.

use crate::{
    draws::{Purpose, low64},
    life::Setting,
    plan::Success,
};

use pulp::Simd;

use super::{
    BATCH,
    course::{Course, FAR, Room, Turn, block, near},
    kernels::{any, draw, draw_each, sample},
    kind::{Kind, LONG_AGO_S},
    on::On,
    ticks::Ticks,
};

/// So many uploads in a row may be lost, or be too early; who is not seen by then is not straight.
const MOST_UPLOADS: usize = 8;

impl<S: Simd> Course<'_, '_, S> {
    /// When telemetry first shows that it is installed: by the report of the install, where that counts, or by the one
    /// after the restart.
    #[inline(always)]
    pub(super) fn report(&mut self, turn: &mut Turn) {
        if !self.kind.reports {
            return;
        }
        let rule = &self.setting.plan.device.telemetry;
        let at_install = rule.success == Success::Installed;
        let uncertain = !rule.loss.is_never() || rule.latency.is_drawn();
        if !at_install || uncertain {
            turn.seen = turn.patched;
            self.telemetry().tell(&mut turn.seen);
        }
        if at_install {
            let mut seen = turn.pending;
            self.telemetry().tell(&mut seen);
            for i in 0..BATCH {
                turn.seen[i] = if uncertain { turn.seen[i].min(seen[i]) } else { seen[i] };
            }
        }
    }

    /// Who is seen with a newer release is seen with the older ones too.
    #[inline(always)]
    pub(super) fn seen(&mut self, turns: &mut [Turn]) {
        for newer in (1..turns.len()).rev() {
            let (older, rest) = turns.split_at_mut(newer);
            for i in 0..BATCH {
                older[newer - 1].seen[i] = older[newer - 1].seen[i].min(rest[0].seen[i]);
            }
        }
    }

    fn telemetry(&mut self) -> Telemetry<'_, '_, S, BATCH> {
        let Course { simd, setting, kind, batch, on, .. } = *self;
        Telemetry { simd, setting, kind, on, keys: &batch.keys, room: self.room, plain: self.plain }
    }
}

/// Telemetry of `N` devices.
pub(super) struct Telemetry<'a, 'b, S, const N: usize> {
    pub simd: S,
    pub setting: Setting<'a>,
    pub kind: &'b Kind<'a>,
    pub on: &'b On<N>,
    pub keys: &'b [[u32; N]; 2],
    pub room: &'b mut Room<N>,
    pub plain: &'b mut [bool; N],
}

impl<S: Simd, const N: usize> Telemetry<'_, '_, S, N> {
    /// When something that happens at `times` is seen by telemetry; `FAR_S`: never.
    #[inline(always)]
    pub(super) fn tell(self, times: &mut [i32; N]) {
        let device = &self.setting.plan.device;
        let rule = &device.telemetry;
        if let Some(every) = rule.every_s {
            self.upload(every, times);
            return;
        }
        let Room { more, length, wakes, ends, .. } = self.room;
        self.on.wake(self.simd, self.kind, device.needs_online.telemetry, times, wakes, ends);
        if !rule.loss.is_never() || rule.latency.is_drawn() {
            let seconds = wakes.map(|wakes| wakes as u32);
            draw_each(self.simd, self.setting.luck, self.keys, Purpose::Telemetry, &seconds, more);
        }
        sample(self.simd, &rule.latency, &more[2], length, self.plain);
        for i in 0..N {
            let lost = rule.loss.heads(low64(block(more, i)));
            times[i] = if lost { FAR } else { near(wakes[i] + length[i]) };
        }
    }

    /// The same with an upload every so many seconds, at a phase of the device's own. What a lost one would have said
    /// comes with the next one.
    #[inline(always)]
    fn upload(self, every: i64, times: &mut [i32; N]) {
        let plan = self.setting.plan;
        let (rule, needs) = (&plan.device.telemetry, plan.device.needs_online.telemetry);
        let (luck, keys) = (self.setting.luck, self.keys);
        // Uploads are counted from 1970; here from the last one of them that lies long ago.
        let first = (plan.epoch_unix_s + LONG_AGO_S).div_euclid(every) - 1;
        let since = (plan.epoch_unix_s - first * every) as i32;
        let (ticks, length) = (Ticks::new(every), every as i32);
        let Room { words, more, length: latency, wakes, ends, .. } = self.room;
        draw(self.simd, luck, keys, Purpose::Upload, 0, words);
        let (mut origin, mut due, mut number) = ([0; N], [0; N], [0_u32; N]);
        for i in 0..N {
            origin[i] = ((u64::from(words[0][i]) * every as u64) >> 32) as i32 - since;
            // The last upload due by then may still be to come, if the device was off.
            due[i] = origin[i] + ticks.of(times[i] - origin[i]) as i32 * length;
        }
        let mut looks = *self.plain;
        for _ in 0..MOST_UPLOADS {
            self.on.wake(self.simd, self.kind, needs, &due, wakes, ends);
            for i in 0..N {
                // Of several uploads that a wake-up brings at once the last one is made.
                number[i] = ticks.of(near(wakes[i]) - origin[i]);
            }
            if !rule.loss.is_never() || rule.latency.is_drawn() {
                let counted = number.map(|number| (first as u32).wrapping_add(number));
                draw_each(self.simd, luck, keys, Purpose::Telemetry, &counted, more);
            }
            sample(self.simd, &rule.latency, &more[2], latency, self.plain);
            for i in 0..N {
                let never = wakes[i] >= plan.horizon.0 as i32;
                let shows = (wakes[i] >= times[i]) & !rule.loss.heads(low64(block(more, i)));
                let ends = looks[i] & (never | shows);
                due[i] = origin[i] + (number[i] as i32 + 1) * length;
                times[i] = match (ends, never) {
                    (false, _) => times[i],
                    (true, true) => FAR,
                    (true, false) => near(wakes[i] + latency[i]),
                };
                looks[i] &= !ends;
            }
            if !any(&looks) {
                break;
            }
        }
        for i in 0..N {
            self.plain[i] &= !looks[i];
        }
    }
}
