//! x
pub(crate) async fn run(_: &crate::args::Crash) -> anyhow::Result<std::process::ExitCode> {
    Ok(std::process::ExitCode::SUCCESS)
}
