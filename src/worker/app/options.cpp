#include "worker/app/options.hpp"

#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "samoyed/io/command_line.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/log_option.hpp"
#include "samoyed/io/option_checks.hpp"
#include "samoyed/io/tls_options.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "worker/app/announce_arguments.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/serving/usable_cores.hpp"

namespace samoyed::worker {
namespace {

constexpr std::uint64_t one = 1;
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 40;

/// Parses `224`, or `224x320` with the height first.
Size parse_input_size(const std::string& text) {
  Size size;
  char cross = 'x';
  std::istringstream words(text);
  words >> size.height;
  if (words.eof()) {
    size.width = size.height;
  } else {
    words >> cross >> size.width;
  }
  const auto fits = [](int side) { return side >= 1 && side <= crop_spec_side_px_max; };
  if (!words || !words.eof() || cross != 'x' || !fits(size.width) || !fits(size.height)) {
    throw CLI::ValidationError("--input-size",
                               "must be SIDE or HEIGHTxWIDTH in pixels, from 1 to " +
                                   std::to_string(crop_spec_side_px_max));
  }
  return size;
}

std::array<float, 3> three(const std::vector<float>& numbers) {
  return {numbers.at(0), numbers.at(1), numbers.at(2)};
}

/// The options without a group, which the short help shows.
void add_main_options(CLI::App& app, Options& options) {
  app.add_option("ADDRESS", options.address, "Address or host name to listen on")->required();
  app.add_option("PORT", options.port, "Port to listen on; 0 for a free one")
      ->required()
      ->check(io::port_range());
  app.add_option(
         "--model", options.model_file,
         "File with SqueezeNet's weights (from scripts/fetch-model) or a TorchScript archive (from "
         "scripts/export-model); null loads no model and makes up answers")
      ->type_name("FILE");
  app.add_option("--threads", options.queue.threads,
                 "Images recognized at the same time, one thread each (all cores that the process "
                 "may use); above 1, a lone image gets two threads")
      ->check(io::whole_number_range(1, 1024));
  io::add_log_option(app, options.log_format);
}

/// A JSON file next to the model can set the same.
void add_model_options(CLI::App& app, ModelCard& card) {
  app.option_defaults()->group("Model");
  app.add_option_function<std::string>(
         "--labels",
         [&card](const std::string& path) { card.labels = std::filesystem::path(path); },
         "File with one label per line, in class order")
      ->type_name("FILE")
      ->default_str("ImageNet's 1000");
  app.add_option_function<std::string>(
         "--model-name", [&card](const std::string& name) { card.name = name; },
         "Name by which clients select the model")
      ->type_name("NAME")
      ->check([](const std::string& name) {
        const auto fault = find_name_fault(name);
        return fault ? "must be " + *fault : std::string();
      });
  app.add_option_function<std::string>(
         "--input-size",
         [&card](const std::string& text) { card.input_size = parse_input_size(text); },
         "Size of the network's input in pixels, SIDE or HEIGHTxWIDTH")
      ->type_name("SIZE")
      ->default_str("224");
  app.add_option_function<int>(
         "--resize-size", [&card](int side) { card.resize_size = side; },
         "Length in pixels of the resized image's short side, from which the input is cut")
      ->default_str("256/224 of the input's longer side")
      ->check(io::whole_number_range(1, crop_spec_side_px_max));
  app.add_option_function<std::string>(
         "--interpolation",
         [&card](const std::string& name) {
           card.interpolation = name == "bicubic" ? Resampling::bicubic : Resampling::bilinear;
         },
         "Filter that resizes the image")
      ->type_name("FILTER")
      ->default_str("bilinear")
      ->check(io::one_of({"bilinear", "bicubic"}));
  app.add_option_function<std::vector<float>>(
         "--mean", [&card](const std::vector<float>& mean) { card.mean = three(mean); },
         "Per-channel mean (RGB, 0 to 1), subtracted from each pixel")
      ->type_name("R,G,B")
      ->default_str("0.485,0.456,0.406")
      ->expected(3)
      ->delimiter(',')
      ->check(io::number_range(-1000, 1000));
  app.add_option_function<std::vector<float>>(
         "--std", [&card](const std::vector<float>& std) { card.deviation = three(std); },
         "Per-channel standard deviation (RGB), by which the difference is divided")
      ->type_name("R,G,B")
      ->default_str("0.229,0.224,0.225")
      ->expected(3)
      ->delimiter(',')
      ->check(io::number_range(1e-6, 1000));
}

void add_recognition_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Recognition");
  const auto set_precision = [&options](const std::string& name) {
    options.precision = name == to_string(Precision::bf16) ? Precision::bf16 : Precision::fp32;
  };
  app.add_option_function<std::string>("--precision", set_precision,
                                       "Number format of the network; bf16 needs a processor with "
                                       "AMX, where it is faster and slightly less exact")
      ->type_name("FORMAT")
      ->default_str(to_string(options.precision))
      ->check(io::one_of({to_string(Precision::fp32), to_string(Precision::bf16)}));
  app.add_flag("!--no-exif", options.apply_exif_orientation,
               "Ignore EXIF orientation, like the reference server");
  app.add_flag("--fast-decode", options.fast_decode,
               "Decode JPEGs whose short side has 1024 pixels or more at 1/2, 1/4 or 1/8 of their "
               "size: faster, with slightly different answers");
}

void add_image_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Images");
  const std::vector<std::string> built = protocol::image_format_ids(built_formats());
  const auto set_formats = [&options](const std::vector<std::string>& ids) {
    options.decode.formats = options.server.formats = protocol::image_format_set(ids);
  };
  options.decode.formats = options.server.formats = built_formats();
  app.add_option_function<std::vector<std::string>>(
         "--formats", set_formats, "Image formats that are read, separated by commas")
      ->type_name("FORMATS")
      ->default_str("all")
      ->delimiter(',')
      ->expected(1, static_cast<int>(built.size()))
      ->check(io::one_of(built));
  app.add_option("--image-bytes-max", options.server.image_bytes_max,
                 "Largest image file accepted, in bytes")
      ->check(io::whole_number_range(one, std::uint64_t{1} << 30));
  app.add_option("--image-pixels-max", options.decode.pixels_max,
                 "Largest image accepted, in pixels")
      ->check(io::whole_number_range(std::int64_t{1}, std::int64_t{1} << 30));
  app.add_option("--image-side-px-max", options.decode.side_px_max,
                 "Longest image side accepted, in pixels")
      ->check(io::whole_number_range(1, 65535));
  io::add_milliseconds_option(
      app, "--decode-cpu-ms-max", options.decode.cpu_max,
      "Milliseconds of processor time for decoding one image before the answer is too slow");
  app.add_option_function<std::string>(
         "--truncated",
         [&options](const std::string& word) { options.accept_truncated = word == "accept"; },
         "What to do with an image file that ends early: refuse it, or accept it with gray below")
      ->type_name("HOW")
      ->default_str("refuse")
      ->check(io::one_of({"refuse", "accept"}));
  app.add_option("--decode-memory-bytes-max", options.decode.memory_bytes_max,
                 "Bytes of memory for decoding one image, not counting its file")
      ->check(io::whole_number_range(one, bytes_max));
}

void add_load_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Limits");
  app.add_option("--queue-length-max", options.queue.queued_max,
                 "Images that may wait in the queue before the answer is busy")
      ->check(io::whole_number_range(1, 1000000));
  app.add_option("--queue-bytes-max", options.queue.queued_bytes_max,
                 "Bytes of image files that may wait in the queue; an empty queue takes any image")
      ->check(io::whole_number_range(one, bytes_max));
  app.add_option("--receiving-bytes-max", options.server.receiving_bytes_max,
                 "Bytes of image files that may arrive at the same time before the answer is busy")
      ->check(io::whole_number_range(one, bytes_max));
  app.add_option(
         "--connections-max", options.server.connections_max,
         "Connections served at the same time; a further one replaces the one that has been idle "
         "longest, or waits")
      ->check(io::whole_number_range(1, 1000000));
  app.add_option(
         "--connections-per-peer-max", options.server.connections_per_peer_max,
         "Connections served from one address; a further one replaces its idle ones, or is closed")
      ->check(io::whole_number_range(1, 1000000));
}

void add_time_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Timeouts");
  SessionTimeouts& timeouts = options.server.timeouts;
  io::add_milliseconds_option(
      app, "--request-timeout-ms", timeouts.request,
      "Milliseconds to wait for a connection's first message, and for the next after each answer");
  io::add_milliseconds_option(app, "--image-timeout-ms", timeouts.image,
                              "Milliseconds from acknowledging a size to the end of its image");
  io::add_milliseconds_option(
      app, "--queue-timeout-ms", timeouts.queue,
      "Milliseconds that an image may wait in the queue before the answer is busy");
  io::add_milliseconds_option(
      app, "--ack-timeout-ms", timeouts.ack,
      "Milliseconds from a result to its acknowledgment, and for any write");
  io::add_milliseconds_option(
      app, "--drain-ms", options.drain_time,
      "Milliseconds after SIGTERM during which images are still served, so that dispatchers learn "
      "that the worker stops; half of it if no image comes, 0 if nobody is connected",
      0);
  io::add_milliseconds_option(
      app, "--drain-timeout-ms", options.drain_timeout,
      "Milliseconds that SIGTERM then waits for work in progress; a second SIGTERM exits at once",
      0);
}

void add_metrics_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Metrics");
  auto* const port = app.add_option("--metrics-port", options.metrics_port,
                                    "Port that serves http://ADDRESS:PORT/metrics to Prometheus "
                                    "and anyone else; 0 for a free one")
                         ->check(io::port_range());
  app.add_option("--metrics-address", options.metrics_address,
                 "Address or host name to serve metrics on")
      ->type_name("ADDRESS")
      ->needs(port);
}

void add_sandbox_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Sandbox");
  auto* const off = app.add_flag(
      "!--no-sandbox", options.sandbox,
      "Keep the right to open files, connect and start programs while serving; for debugging");
  app.add_flag("--sandbox-kill", options.sandbox_kill,
               "End the worker at a system call that the sandbox refuses, instead of letting the "
               "call fail")
      ->excludes(off);
  const std::vector<std::string> formats = protocol::image_format_ids(protocol::all_image_formats);
  app.add_option_function<std::vector<std::string>>(
         "--isolate",
         [&options](const std::vector<std::string>& ids) {
           options.isolate = protocol::image_format_set(ids);
         },
         "Image formats, separated by commas, that are decoded in separate processes that can do "
         "nothing else, as is always done for formats whose libraries have a poor security record")
      ->type_name("FORMATS")
      ->delimiter(',')
      ->expected(1, static_cast<int>(formats.size()))
      ->check(io::one_of(formats));
  // For tests, which plant a hostile decoder. An empty group hides the option.
  app.add_option("--decoder", options.decoder)->group("");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  options.queue.threads = usable_cores();

  CLI::App app{
      "Recognizes images with SqueezeNet or another network, for clients that speak the D/A/N "
      "protocol.",
      "samoyed-worker"};
  io::prepare_command_line(app);
  app.footer(
      "Examples:\n"
      "  samoyed-worker 127.0.0.1 8888\n"
      "  samoyed-worker 0.0.0.0 8888 --model models/squeezenet1_1.pth --threads 4\n"
      "  samoyed-worker 0.0.0.0 8888 --model models/resnet18.pt\n"
      "Port 0 takes a free port; the log shows which. A JSON file next to the model\n"
      "(FILE.json for FILE.pt) can set the options of the group Model.");
  add_main_options(app, options);
  add_model_options(app, options.model_card);
  add_recognition_options(app, options);
  add_image_options(app, options);
  add_load_options(app, options);
  add_time_options(app, options);
  add_metrics_options(app, options);
  add_sandbox_options(app, options);
  add_announce_options(app, options.announce);
  app.option_defaults()->group("TLS");
  io::add_tls_options(app, options.tls_files, "dispatchers");
  app.final_callback([&options] {
    if (options.server.receiving_bytes_max < options.server.image_bytes_max) {
      throw CLI::ValidationError("--receiving-bytes-max",
                                 "must be at least --image-bytes-max, or the largest images "
                                 "can't be received");
    }
    options.tls = io::load_tls(options.tls_files, io::TlsRole::server);
  });
  if (const auto status = io::parse_command_line(app, argc, argv)) {
    exit_status = *status;
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::worker
