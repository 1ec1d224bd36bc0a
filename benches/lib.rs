//! Criterion benches of the workspace: `cargo bench -p rollcast-benches`.
