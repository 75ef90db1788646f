#pragma once

#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include "samoyed/io/option_checks.hpp"

namespace samoyed::io {

/// Adds an option whose number counts `Unit`s. Its name should end with the unit. The default is
/// the current content of `value`.
template <typename Unit>
CLI::Option* add_duration_option(CLI::App& app, const std::string& name,
                                 std::chrono::milliseconds& value, const std::string& description,
                                 int least, int most) {
  return app
      .add_option_function<int>(
          name, [&value](int count) { value = Unit(count); }, description)
      ->type_name("INT")
      ->default_str(std::to_string(std::chrono::duration_cast<Unit>(value).count()))
      ->check(whole_number_range(least, most));
}

/// Same as above, in milliseconds, up to an hour.
inline CLI::Option* add_milliseconds_option(CLI::App& app, const std::string& name,
                                            std::chrono::milliseconds& value,
                                            const std::string& description, int least_ms = 1) {
  return add_duration_option<std::chrono::milliseconds>(app, name, value, description, least_ms,
                                                        3600000);
}

}  // namespace samoyed::io
