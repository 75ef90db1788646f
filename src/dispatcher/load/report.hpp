#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/load/tally.hpp"

namespace samoyed::load {

/// The facts of a report that are not in the tally.
struct RunFacts {
  std::string target;
  /// For the closed loop, which is used unless a rate is given.
  int clients = 1;
  std::optional<double> rate_per_s{};
  std::uint64_t seed = 1;
  /// CPU use of the generator itself during the measurement; 1 is a whole core.
  double generator_cores = 0;
};

/// Formats the report as a few lines for people.
std::string format_text(const RunFacts& facts, const Tally& tally);

/// Formats the report as one JSON object on one line, with times in milliseconds.
std::string format_json(const RunFacts& facts, const Tally& tally);

}  // namespace samoyed::load
