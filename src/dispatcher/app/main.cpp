#include <cstdlib>

#include "dispatcher/app/options.hpp"
#include "dispatcher/app/service.hpp"
#include "samoyed/io/allocator.hpp"
#include "samoyed/io/program.hpp"

int main(int argc, char** argv) {
  using namespace samoyed;
  io::keep_freed_blocks();
  int exit_status = EXIT_SUCCESS;
  const auto options = dispatcher::parse_options(argc, argv, exit_status);
  if (!options) return exit_status;
  return io::run_program("samoyed-dispatcher", options->log_format,
                         [&] { dispatcher::Service(*options).run(); });
}
