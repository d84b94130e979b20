//! CPU time of processes, as the kernel keeps it in `/proc`.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// `USER_HZ`: the unit of `/proc/PID/stat`, 100 on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// What something cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// CPU time of the measured processes, user and system, all threads.
    pub(crate) cpu: Duration,
    /// Time on the wall.
    pub(crate) wall: Duration,
}

impl Cost {
    /// How many of `n` things a second of CPU time is enough for.
    pub(crate) fn per_cpu_second(&self, n: usize) -> f64 {
        n as f64 / self.cpu.as_secs_f64().max(0.001)
    }

    /// How many of `n` things were done in a second.
    pub(crate) fn per_second(&self, n: usize) -> f64 {
        n as f64 / self.wall.as_secs_f64().max(0.000_001)
    }

    /// Microseconds of CPU time for each of `n` things.
    pub(crate) fn micros_each(&self, n: usize) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / n as f64
    }
}

/// Runs a closure and says what it cost, by a reading of CPU time before and after.
pub(crate) fn measure<T>(
    read: impl Fn() -> anyhow::Result<Duration>,
    body: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Cost)> {
    let (before, started) = (read()?, Instant::now());
    let value = body()?;
    let wall = started.elapsed();
    Ok((
        value,
        Cost {
            cpu: read()?.saturating_sub(before),
            wall,
        },
    ))
}

/// One line of `/proc/PID/stat`, from the third field on (the second may hold spaces).
fn stat(pid: &str) -> anyhow::Result<Vec<u64>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    let (_, rest) = text
        .rsplit_once(')')
        .context("an unknown form of /proc/PID/stat")?;
    // The state is a letter; as a number it is not needed.
    Ok(rest
        .split_whitespace()
        .map(|word| word.parse().unwrap_or(0))
        .collect())
}

fn ticks(fields: &[u64], which: std::ops::Range<usize>) -> u64 {
    fields.get(which).unwrap_or_default().iter().sum()
}

const fn duration(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(1_000) / TICKS_PER_SECOND)
}

/// CPU time of a process, its ended threads included.
pub(crate) fn of_process(pid: u32) -> anyhow::Result<Duration> {
    Ok(duration(ticks(&stat(&pid.to_string())?, 11..13)))
}

/// CPU time of the calling thread, to the nanosecond: what a baseline without threads costs.
pub(crate) fn of_this_thread() -> anyhow::Result<Duration> {
    of_thread("thread-self")
}

/// CPU time of the one thread of a process, to the nanosecond: many that did little each would
/// vanish in whole ticks.
fn of_thread(pid: &str) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    let nanos = text
        .split_whitespace()
        .next()
        .context("an unknown form of schedstat")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// CPU time of a process and its direct children, living and ended, of one thread each: a
/// PostgreSQL server.
pub(crate) fn of_family(pid: u32) -> anyhow::Result<Duration> {
    let parent = pid.to_string();
    let mut sum = of_thread(&parent)? + duration(ticks(&stat(&parent)?, 13..15));
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(name) = name
            .to_str()
            .filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        // One that ends meanwhile is counted by its parent from then on.
        if let Ok(fields) = stat(name)
            && fields.get(1) == Some(&u64::from(pid))
            && let Ok(time) = of_thread(name)
        {
            sum = sum.saturating_add(time);
        }
    }
    Ok(sum)
}
