#include "dispatcher/cli.hpp"

#include <chrono>

#include "samoyed/io/duration_option.hpp"

namespace samoyed::dispatcher {
CLI::Option* add_worker_option(CLI::App& app, std::vector<protocol::Address>& workers) {
  return app
      .add_option_function<std::vector<std::string>>(
          "--worker",
          [&workers](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const auto address = protocol::parse_address(text);
              if (!address) {
                throw CLI::ValidationError("--worker", "\"" + text +
                                                           "\" is no worker address; expected " +
                                                           std::string(protocol::address_syntax));
              }
              workers.push_back(*address);
            }
          },
          "A worker's HOST:PORT; may be given many times")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT");
}

void add_timeout_options(CLI::App& app, StepTimeouts& timeouts) {
  io::add_milliseconds_option(app, "--connect-timeout-ms", timeouts.connect,
                              "How long a worker may take to accept a connection");
  io::add_milliseconds_option(app, "--answer-timeout-ms", timeouts.answer,
                              "How long a worker may take to answer a hello or a size");
  io::add_milliseconds_option(app, "--image-timeout-ms", timeouts.image,
                              "How long the transfer of an image to a worker may take");
  io::add_milliseconds_option(app, "--result-timeout-ms", timeouts.result,
                              "How long a worker may take from the image to its result");
}

void add_dispatch_options(CLI::App& app, DispatchOptions& options) {
  app.add_option_function<int>(
         "--hedge-after-ms",
         [&options](int count) { options.hedge_after = std::chrono::milliseconds(count); },
         "Send an image that is not recognized after it to a second worker too (default: never)")
      ->check(CLI::Range(1, 3600000));
  app.add_option("--connections-per-worker-max", options.connections_per_worker_max,
                 "Connections open to one worker; beyond it the worker counts as busy")
      ->check(CLI::Range(1, 1000000));
}

void add_health_options(CLI::App& app, HealthOptions& options) {
  app.add_flag_function(
      "--no-readmit", [&options](std::int64_t) { options.readmit = false; },
      "Forget a worker that fails at once, and probe none");
  io::add_milliseconds_option(
      app, "--probe-pause-ms", options.first_probe_pause,
      "From a worker's removal to its first probe; doubles with each failure");
  io::add_milliseconds_option(app, "--probe-pause-max-ms", options.probe_pause_max,
                              "Longest pause between two probes of a removed worker");
  io::add_milliseconds_option(app, "--idle-probe-interval-ms", options.idle_probe_interval,
                              "Probe a worker that answered nothing for so long");
  io::add_duration_option<std::chrono::seconds>(
      app, "--forget-after-s", options.forget_after,
      "Forget a removed worker that stayed away for so long", 1, 31536000);
}

}  // namespace samoyed::dispatcher
