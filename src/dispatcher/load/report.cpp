#include "dispatcher/load/report.hpp"

#include <fmt/format.h>
#include <map>

#include <nlohmann/json.hpp>

#include "samoyed/protocol/utf8.hpp"

namespace samoyed::load {
namespace {

using json = nlohmann::ordered_json;

double percentile_ms(const LatencyHistogram& latencies, double share) {
  return static_cast<double>(latencies.percentile(share).count()) / 1000;
}

/// Null if there are no latencies.
json to_json(const LatencyHistogram& latencies) {
  if (latencies.count() == 0) return nullptr;
  return {{"p50", percentile_ms(latencies, 0.5)},
          {"p90", percentile_ms(latencies, 0.9)},
          {"p99", percentile_ms(latencies, 0.99)},
          {"p99.9", percentile_ms(latencies, 0.999)},
          {"max", percentile_ms(latencies, 1)}};
}

/// The number of slowest latencies in a report. With them, several runs of one load can be
/// combined, because the p99.9 of a single run depends on few requests.
constexpr std::size_t slowest_reported_max = 16;

json slowest_ms(const LatencyHistogram& latencies) {
  json slowest = json::array();
  for (const auto latency : latencies.slowest(slowest_reported_max)) {
    slowest.push_back(static_cast<double>(latency.count()) / 1000);
  }
  return slowest;
}

/// The median of each part. The parts need not add up to the median of the whole.
json medians(const Tally::Steps& steps) {
  return {{"size", percentile_ms(steps.size, 0.5)},
          {"image", percentile_ms(steps.image, 0.5)},
          {"result", percentile_ms(steps.result, 0.5)}};
}

json medians(const Tally::Phases& phases) {
  return {{"queue", percentile_ms(phases.queue, 0.5)},
          {"decode", percentile_ms(phases.decode, 0.5)},
          {"resize", percentile_ms(phases.resize, 0.5)},
          {"forward", percentile_ms(phases.forward, 0.5)}};
}

/// `12 x busy, 3 x unreadable`. The reasons come from the program under load.
std::string counts(const std::map<std::string, std::uint64_t>& by_reason) {
  std::string text;
  for (const auto& [why, count] : by_reason) {
    text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", count, protocol::to_printable(why));
  }
  return text.empty() ? "none" : text;
}

std::string load_text(const RunFacts& facts) {
  if (!facts.rate_per_s) return fmt::format("{} clients", facts.clients);
  return fmt::format("{:g} per second at random times, seed {}", *facts.rate_per_s, facts.seed);
}

std::string latency_text(const LatencyHistogram& latency) {
  if (latency.count() == 0) return "none";
  return fmt::format("p50 {:.3f}, p90 {:.3f}, p99 {:.3f}, p99.9 {:.3f}, max {:.3f}",
                     percentile_ms(latency, 0.5), percentile_ms(latency, 0.9),
                     percentile_ms(latency, 0.99), percentile_ms(latency, 0.999),
                     percentile_ms(latency, 1));
}

}  // namespace

std::string format_text(const RunFacts& facts, const Tally& tally) {
  return fmt::format(
      "{}: {}, {:g} s\n"
      "sent {}, recognized {}; refused: {}; failed: {}\n"
      "recognized {:.1f} per second (goodput), answered {:.1f} per second\n"
      "latency in ms: {}\n"
      "the load generator used {:.2f} cores\n",
      facts.target, load_text(facts), tally.seconds(), tally.sent(), tally.recognized(),
      counts(tally.refused()), counts(tally.failed()), tally.goodput_per_s(),
      tally.throughput_per_s(), latency_text(tally.latency()), facts.generator_cores);
}

std::string format_json(const RunFacts& facts, const Tally& tally) {
  json value = {{"target", facts.target}};
  if (facts.rate_per_s) {
    value["rate_per_s"] = *facts.rate_per_s;
    value["seed"] = facts.seed;
  } else {
    value["clients"] = facts.clients;
  }
  value["seconds"] = tally.seconds();
  value["sent"] = tally.sent();
  value["recognized"] = tally.recognized();
  value["refused"] = json(tally.refused());
  value["failed"] = json(tally.failed());
  value["goodput_per_s"] = tally.goodput_per_s();
  value["throughput_per_s"] = tally.throughput_per_s();
  value["latency_ms"] = to_json(tally.latency());
  value["slowest_ms"] = slowest_ms(tally.latency());
  if (tally.steps().size.count() > 0) value["step_median_ms"] = medians(tally.steps());
  if (tally.phases().queue.count() > 0) value["worker_median_ms"] = medians(tally.phases());
  value["generator_cores"] = facts.generator_cores;
  return protocol::escape_json_controls(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace samoyed::load
