//! What a sync to this disk takes: the floor under every single durable request.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// Milliseconds of `n` appends of 4 KiB, each followed by fdatasync.
pub(crate) fn append_and_sync(folder: &Path, n: usize) -> anyhow::Result<Vec<f64>> {
    let path = folder.join("sync-probe");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        let started = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    Ok(times)
}
