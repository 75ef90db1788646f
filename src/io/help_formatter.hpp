#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace samoyed::io {

/// Formats `--help` and `--help-all` within 80 columns. Each option is followed by its meaning and
/// by notes in brackets, which scripts/docs reads: `[values: text, json]`, `[range: 1 to 1024]`,
/// `[default: 2]`, `[required]`, `[repeatable]`, `[needs: --other]` and `[not with: --other]`.
class HelpFormatter final : public CLI::Formatter {
 public:
  /// In mode All, or if no option has a group, shows all options. Otherwise those without a group,
  /// and which groups of options --help-all shows in addition.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace samoyed::io
