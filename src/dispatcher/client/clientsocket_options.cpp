#include "dispatcher/client/clientsocket_options.hpp"

#include "dispatcher/cli.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::clientsocket {

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{"Recognizes images with a list of workers, picked round-robin, from many threads."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  clientsocket --worker localhost:8888 dog.jpg\n"
      "  clientsocket --worker localhost:8888 --worker localhost:7777 --threads 4 photos/\n"
      "  clientsocket --worker '[::1]:8888' --json --top 10 *.png\n"
      "  clientsocket bench --help    (loads workers or a page, and measures them)\n"
      "Results go to stdout, one line per image; all else to stderr. The exit status is 1 if any "
      "image\n"
      "failed.");
  app.option_defaults()->always_capture_default();
  dispatcher::add_worker_option(app, options.workers)->required();
  app.add_option("--threads", options.threads, "Images in flight at the same time")
      ->check(CLI::Range(1, 1024));
  app.add_option("--repeat", options.repeat, "How often each image is recognized")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--top", options.top, "Labels per image (a reference server always returns 5)")
      ->check(CLI::Range(1, protocol::top_max));
  app.add_option("--model", options.model, "Use only workers that run this model");
  app.add_flag("--json", options.json, "Print one JSON object per line");
  io::add_milliseconds_option(app, "--request-timeout-ms", options.request_timeout,
                              "How long one image may take, all attempts included");
  dispatcher::add_timeout_options(app, options.timeouts);
  app.add_option("IMAGE", options.images, "Image files, or folders to walk")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::clientsocket
