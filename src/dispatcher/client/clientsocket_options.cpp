#include "dispatcher/client/clientsocket_options.hpp"

#include "dispatcher/cli.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::clientsocket {

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{
      "Sends images to workers, round-robin from one or more threads, and prints the labels."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  clientsocket --worker localhost:8888 dog.jpg\n"
      "  clientsocket --worker localhost:8888 --worker localhost:7777 --threads 4 photos/\n"
      "  clientsocket --worker '[::1]:8888' --json --top 10 *.png\n"
      "  clientsocket bench --help    (measures workers or a dispatcher under load)\n"
      "Results go to stdout, one line per image; everything else goes to stderr.\n"
      "The exit status is 1 if any image failed.");
  app.option_defaults()->always_capture_default();
  dispatcher::add_worker_option(app, options.workers)->required();
  app.add_option("--threads", options.threads, "Number of threads; each sends one image at a time")
      ->check(CLI::Range(1, 1024));
  app.add_option("--repeat", options.repeat, "Number of times to send each image")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--top", options.top,
                 "Number of labels per image (a reference server always returns 5)")
      ->check(CLI::Range(1, protocol::top_max));
  app.add_option("--model", options.model, "Use only workers that run this model");
  app.add_flag("--json", options.json, "Print each result as one JSON object per line");
  io::add_milliseconds_option(app, "--request-timeout-ms", options.request_timeout,
                              "Time limit for one image, all attempts included, in milliseconds");
  dispatcher::add_timeout_options(app, options.timeouts);
  app.add_option("IMAGE", options.images, "Image files, or folders to search for images")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::clientsocket
