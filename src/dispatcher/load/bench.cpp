#include "dispatcher/load/bench.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <sys/resource.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "dispatcher/client/image_files.hpp"
#include "dispatcher/load/http_client.hpp"
#include "dispatcher/load/load.hpp"
#include "dispatcher/load/options.hpp"
#include "dispatcher/load/report.hpp"
#include "dispatcher/load/socket.hpp"
#include "dispatcher/load/worker_client.hpp"
#include "samoyed/io/process.hpp"
#include "samoyed/protocol/utf8.hpp"

namespace samoyed::load {
namespace {

std::vector<Upload> read_images(const std::vector<std::filesystem::path>& given) {
  std::vector<Upload> uploads;
  const clientsocket::ImageSearch found = clientsocket::find_image_files(given);
  for (const std::string& line : clientsocket::describe_skipped(found.skipped)) {
    std::cerr << protocol::to_printable(line) << '\n';
  }
  for (const auto& [folder, why] : found.unsearched) {
    throw std::runtime_error(folder.string() + ": can't be searched: " + why);
  }
  for (const auto& path : found.files) {
    auto read = path == clientsocket::standard_input_name ? clientsocket::read_standard_input()
                                                          : clientsocket::read_image_file(path);
    if (const auto* why = std::get_if<std::string>(&read)) {
      throw std::runtime_error(path.string() + ": " + *why);
    }
    uploads.push_back(
        {path.filename().string(), std::get<std::vector<std::byte>>(std::move(read))});
  }
  if (uploads.empty()) throw std::runtime_error("the folders contain no image files");
  return uploads;
}

std::unique_ptr<Target> make_target(asio::io_context& io, const Options& options,
                                    const std::vector<Upload>& uploads) {
  if (options.http) {
    return std::make_unique<HttpTarget>(
        io.get_executor(), *options.http, uploads,
        HttpTarget::Settings{options.fresh_connections, options.images_per_request});
  }
  std::vector<std::vector<std::byte>> files;
  for (const Upload& upload : uploads) files.push_back(upload.file);
  return std::make_unique<WorkerTarget>(
      io.get_executor(), options.workers, files,
      WorkerTarget::Settings{options.top, options.fresh_connections});
}

/// Sends one image to each target before the measurement, to report a dead target and to find out
/// which workers are reference servers.
void try_target(asio::io_context& io, Target& target, const Options& options) {
  const std::size_t count = std::max<std::size_t>(options.workers.size(), 1);
  for (std::size_t i = 0; i < count; ++i) {
    const auto client = target.make_client(io.get_executor());
    Tally ignored({Clock::now(), Clock::now()});
    Ending ending;
    const auto try_once = [&]() -> asio::awaitable<void> {
      ending = co_await client->send(0, Clock::now() + options.request_timeout);
    };
    asio::co_spawn(io, try_once(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    while (!io.stopped()) {
      io.run_one_for(watch_interval);
      client->watch(Clock::now());
    }
    io.restart();
    if (ending.kind != Ending::Kind::failed) continue;
    const std::string who = options.http ? target.name() : to_string(options.workers[i]);
    throw std::runtime_error(who + " did not answer a test image: " + ending.why);
  }
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Measures the processor time that this program uses within the window.
class OwnShare {
 public:
  OwnShare(asio::io_context& io, const Tally::Window& window)
      : begin_(io, window.begin), end_(io, window.end) {
    begin_.async_wait([this](std::error_code) { used_s_ -= cpu_seconds(); });
    end_.async_wait([this](std::error_code) { used_s_ += cpu_seconds(); });
  }
  double used_seconds() const { return used_s_; }

 private:
  asio::steady_timer begin_;
  asio::steady_timer end_;
  double used_s_ = 0;
};

/// Returns false if any image failed.
bool run(const Options& options) {
  asio::io_context io(1);
  const std::vector<Upload> uploads = read_images(options.images);
  const auto target = make_target(io, options, uploads);
  try_target(io, *target, options);

  const auto begin = Clock::now();
  Tally tally({begin + options.warm_up, begin + options.warm_up + options.duration});
  const OwnShare own_share(io, tally.window());
  Load load(io, *target, {uploads.size(), options.request_timeout, begin}, tally);
  if (options.rate_per_s) {
    load.start_open_loop(*options.rate_per_s, options.seed, options.in_flight_max);
  } else {
    load.start_closed_loop(options.clients);
  }
  io.run();

  const RunFacts facts{.target = target->name(),
                       .clients = options.clients,
                       .rate_per_s = options.rate_per_s,
                       .seed = options.seed,
                       .generator_cores = own_share.used_seconds() / tally.seconds()};
  std::cout << (options.json ? format_json(facts, tally) + "\n" : format_text(facts, tally))
            << std::flush;
  return tally.failed().empty();
}

}  // namespace

int run_bench(int argc, char** argv) {
  int exit_status = EXIT_SUCCESS;
  const auto options = parse_options(argc, argv, exit_status);
  if (!options) return exit_status;
  io::raise_descriptor_limit();
  try {
    return run(*options) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "clientsocket bench: " << protocol::to_printable(error.what()) << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace samoyed::load
