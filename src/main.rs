//! The `watchpost` program: what the whole process shares, then the command line.

use std::process::ExitCode;

/// Ingestion allocates and frees many small texts on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only where a provider was installed before, and this is the first line of all.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    watchpost::cli::run()
}
