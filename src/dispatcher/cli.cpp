#include "dispatcher/cli.hpp"

#include <chrono>

#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/option_checks.hpp"
#include "samoyed/io/tls_options.hpp"

namespace samoyed::dispatcher {
namespace {

protocol::Address read_worker_address(const std::string& option, const std::string& text) {
  const auto address = protocol::parse_address(text);
  if (!address) {
    throw CLI::ValidationError(option, "\"" + text + "\" isn't a worker address; expected " +
                                           std::string(protocol::address_syntax));
  }
  return *address;
}

}  // namespace

CLI::Option* add_worker_option(CLI::App& app, std::vector<protocol::Address>& workers) {
  return app
      .add_option_function<std::vector<std::string>>(
          "--worker",
          [&workers](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              workers.push_back(read_worker_address("--worker", text));
            }
          },
          "Address of a worker")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT");
}

void add_worker_tls_options(CLI::App& app, WorkerTlsArguments& arguments) {
  io::add_tls_options(app, arguments.files, "workers");
  app.add_option_function<std::vector<std::string>>(
         "--worker-plain",
         [&arguments](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             arguments.plain.insert(read_worker_address("--worker-plain", text));
           }
         },
         "Address of a worker without TLS, for example a reference server, to which connections "
         "aren't encrypted; it must also be in the list of workers")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT")
      ->needs("--worker-tls-ca");
}

void apply_worker_tls(const WorkerTlsArguments& arguments, DispatchOptions& options) {
  options.tls = io::load_tls(arguments.files, io::TlsRole::client);
  options.plain_workers = arguments.plain;
}

void add_timeout_options(CLI::App& app, StepTimeouts& timeouts) {
  io::add_milliseconds_option(app, "--connect-timeout-ms", timeouts.connect,
                              "Time limit for connecting to a worker, in milliseconds");
  io::add_milliseconds_option(
      app, "--answer-timeout-ms", timeouts.answer,
      "Time limit for a worker's answer to a hello or a size, in milliseconds");
  io::add_milliseconds_option(app, "--image-timeout-ms", timeouts.image,
                              "Time limit for sending an image to a worker, in milliseconds");
  io::add_milliseconds_option(
      app, "--result-timeout-ms", timeouts.result,
      "Time limit for a worker's result after it has the image, in milliseconds");
}

void add_dispatch_options(CLI::App& app, DispatchOptions& options) {
  app.add_option_function<int>(
         "--hedge-after-ms",
         [&options](int count) { options.hedge_after = std::chrono::milliseconds(count); },
         "Time after which an unanswered image is also sent to a second worker, in milliseconds "
         "")
      ->default_str("never")
      ->check(io::whole_number_range(1, 3600000));
  app.add_option("--connections-per-worker-max", options.connections_per_worker_max,
                 "Maximum number of connections to one worker, which counts as busy beyond that")
      ->check(io::whole_number_range(1, 1000000));
}

void add_health_options(CLI::App& app, HealthOptions& options) {
  app.add_flag_function(
      "--no-readmit", [&options](std::int64_t) { options.readmit = false; },
      "Forget a worker at its first failure, and probe no workers");
  io::add_milliseconds_option(
      app, "--probe-pause-ms", options.first_probe_pause,
      "Time from a worker's failure to its first probe, in milliseconds; doubles with each failed "
      "probe");
  io::add_milliseconds_option(
      app, "--probe-pause-max-ms", options.probe_pause_max,
      "Longest time between two probes of a failed worker, in milliseconds");
  io::add_milliseconds_option(
      app, "--idle-probe-interval-ms", options.idle_probe_interval,
      "Time without an answer after which a worker is probed, in milliseconds");
  io::add_duration_option<std::chrono::seconds>(
      app, "--forget-after-s", options.forget_after,
      "Time after which a failed worker is forgotten, in seconds", 1, 31536000);
}

}  // namespace samoyed::dispatcher
