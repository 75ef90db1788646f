#include "dispatcher/options.hpp"

#include "dispatcher/cli.hpp"

namespace samoyed::dispatcher {

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{"Shows the web form and sends each image to one of its workers, round-robin."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  samoyed-dispatcher --worker localhost:8888 --worker localhost:7777\n"
      "  samoyed-dispatcher --address 0.0.0.0 --port 80 --state /var/lib/samoyed/workers\n"
      "While it runs, /add/HOST:PORT and /del/HOST:PORT change the list. Port 0 takes a free port; "
      "the\n"
      "log says which.");
  app.option_defaults()->always_capture_default();
  app.add_option("--address", options.address, "Address or name to listen on");
  app.add_option("--port", options.port, "Port of the web form, 0 for a free one");
  add_worker_option(app, options.workers);
  app.add_option("--state", options.state_file,
                 "File that keeps the worker list, so that it survives a restart");
  app.add_option("--connections-max", options.connections_max, "Web connections served at a time")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--image-bytes-max", options.image_bytes_max, "Largest image file accepted")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
  add_milliseconds_option(app, "--drain-timeout-ms", options.drain_timeout,
                          "How long SIGTERM waits for what is under way");
  add_timeout_options(app, options.timeouts);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::dispatcher
