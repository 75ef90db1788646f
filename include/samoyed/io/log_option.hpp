#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "samoyed/io/log_format.hpp"
#include "samoyed/io/option_checks.hpp"

namespace samoyed::io {

/// Adds `--log-format`.
inline CLI::Option* add_log_option(CLI::App& app, LogFormat& format) {
  const std::map<std::string, LogFormat> names = {{"text", LogFormat::text},
                                                  {"json", LogFormat::json}};
  return app
      .add_option_function<std::string>(
          "--log-format", [&format, names](const std::string& name) { format = names.at(name); },
          "Log format; json writes one object per line")
      ->type_name("FORMAT")
      ->default_str("text")
      ->check(one_of({"text", "json"}));
}

}  // namespace samoyed::io
