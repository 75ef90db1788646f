#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "dispatcher/client/clientsocket_options.hpp"
#include "dispatcher/client/clientsocket_report.hpp"
#include "dispatcher/client/image_files.hpp"
#include "dispatcher/load/bench.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/io/process.hpp"
#include "samoyed/protocol/image_formats.hpp"

namespace {

using namespace samoyed;
using namespace samoyed::clientsocket;

/// The state that the threads share.
struct Work {
  std::vector<std::filesystem::path> files;
  /// Set if one of the files is standard input, which can be read only once.
  std::optional<ReadImage> standard_input;
  std::size_t image_count;  ///< Includes repeats.
  std::atomic<std::size_t> next_image = 0;
  /// A run of the tool is too short for a dead worker to come back.
  dispatcher::WorkerList workers{[] {}, {.readmit = false}};
};

asio::awaitable<void> recognize_images(Work& work, dispatcher::Dispatcher& dispatcher,
                                       const Options& options, Report& report) {
  for (std::size_t i = work.next_image++; i < work.image_count; i = work.next_image++) {
    const auto& file = work.files[i % work.files.size()];
    const ReadImage read =
        file == standard_input_name ? *work.standard_input : read_image_file(file);
    if (const auto* why = std::get_if<std::string>(&read)) {
      report.unreadable(file, *why);
      continue;
    }
    const auto image =
        std::make_shared<const protocol::EncodedImage>(std::get<std::vector<std::byte>>(read));
    dispatcher::ClassifyRequest request{
        .image = image,
        .top = options.top,
        .model = options.model,
        .deadline = dispatcher::Clock::now() + options.request_timeout};
    const dispatcher::Outcome outcome = co_await dispatcher.classify(std::move(request));
    if (const auto* answer = std::get_if<dispatcher::Answer>(&outcome)) {
      report.recognized(file, *answer);
    } else {
      const auto& failure = std::get<dispatcher::Failure>(outcome);
      report.failed(file, failure, describe(failure, work.workers, options.model));
    }
  }
}

void run_thread(Work& work, const Options& options, Report& report) try {
  asio::io_context io(1);
  dispatcher::Dispatcher dispatcher(io.get_executor(), work.workers, report, options.dispatch);
  std::exception_ptr failure;
  asio::co_spawn(io, recognize_images(work, dispatcher, options, report),
                 [&failure](std::exception_ptr thrown) { failure = thrown; });
  io.run();
  if (failure) std::rethrow_exception(failure);
} catch (const std::exception& error) {
  report.thread_failed(error.what());
}

}  // namespace

int main(int argc, char** argv) {
  io::open_standard_descriptors();
  if (argc > 1 && std::string_view(argv[1]) == "bench") return load::run_bench(argc - 1, argv + 1);
  int exit_status = EXIT_SUCCESS;
  const auto options = parse_options(argc, argv, exit_status);
  if (!options) return exit_status;

  Work work;
  const ImageSearch found = find_image_files(options->images);
  work.files = found.files;
  work.image_count = work.files.size() * static_cast<std::size_t>(options->repeat);
  Report report(options->format, options->quiet, work.image_count);
  report.left_out(found);
  if (work.files.empty()) {
    std::cerr << "Error: the folders contain no image files (" << protocol::image_extensions_text()
              << ")\n";
    return EXIT_FAILURE;
  }
  if (std::ranges::find(work.files, standard_input_name) != work.files.end()) {
    work.standard_input = read_standard_input();
  }
  for (const auto& address : options->workers) work.workers.add(address);

  const auto started = dispatcher::Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options->threads; ++i) {
      threads.emplace_back([&] { run_thread(work, *options, report); });
    }
  }
  report.finish(
      std::chrono::duration_cast<std::chrono::milliseconds>(dispatcher::Clock::now() - started));
  return report.any_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
