#pragma once

#include <CLI/CLI.hpp>

#include "worker/announce/announce_options.hpp"

namespace samoyed::worker {

/// Adds `--announce` and the options that go with it. A program that was built without libcurl
/// rejects `--announce`.
void add_announce_options(CLI::App& app, AnnounceOptions& options);

}  // namespace samoyed::worker
