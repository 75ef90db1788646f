#pragma once

#include <stdexcept>

namespace samoyed::io {

/// The exit status of every program after a wrong command line, as of most tools. The systemd units
/// don't restart a service that ended with it.
inline constexpr int exit_usage = 2;

/// An option whose value can't be used until someone changes it or a file: starting the program
/// again doesn't help. Programs then end with exit_usage.
class UnusableOption : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace samoyed::io
