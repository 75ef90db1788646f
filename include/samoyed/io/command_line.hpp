#pragma once

#include <optional>

#include <CLI/CLI.hpp>

#include "samoyed/io/exit_status.hpp"

namespace samoyed::io {

/// Gives `app` what the command lines of all programs have in common: `--help` with the options
/// without a group, `--help-all` with every option, and `--version`. Call it before adding options.
/// `app` must have a name.
void prepare_command_line(CLI::App& app);

/// Parses the arguments. Returns the exit status if the program must end: 0 after --help,
/// --help-all or --version, or exit_usage after an error, which is printed to stderr.
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

}  // namespace samoyed::io
