#include "worker/sandbox/decoder_program.hpp"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <malloc.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox/address_space.hpp"
#include "worker/sandbox/decoder_child.hpp"
#include "worker/sandbox/descriptor.hpp"
#include "worker/sandbox/sandbox.hpp"

namespace samoyed::worker {
namespace {

/// A segment whose size nobody can change any more, or none.
Descriptor make_segment(std::size_t bytes) {
  Descriptor segment(memfd_create("samoyed-decoder", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!segment || ftruncate(segment.get(), static_cast<off_t>(bytes)) != 0 ||
      fcntl(segment.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return {};
  }
  return segment;
}

#ifndef SAMOYED_WITHOUT_SANDBOX

/// Room for the allocator's own overhead.
constexpr std::size_t slack_bytes = std::size_t{64} << 20;

/// Limits the address space to what the process has now and `bytes` more. Returns false on failure.
/// Sanitizers reserve terabytes of addresses, so their builds have no such limit.
bool limit_memory(std::size_t bytes) {
  const std::uint64_t held = address_space_used();
  if (held == 0) {
    std::fputs("samoyed-decoder: can't limit its memory; is /proc mounted?\n", stderr);
    return false;
  }
  const rlimit limit{held + bytes + slack_bytes, held + bytes + slack_bytes};
  // It fails if the worker's own limit is lower, which the worker then reports.
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

#else

bool limit_memory(std::size_t /*bytes*/) { return true; }

#endif

[[noreturn]] void run_child(Descriptor socket, Descriptor segment, std::size_t segment_bytes,
                            DecodeFunction decode) {
  void* const memory =
      mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, segment.get(), 0);
  if (memory == MAP_FAILED) _exit(EXIT_FAILURE);
  segment = {};
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, control_descriptor}) {
    close(descriptor);
  }
  answer_on_cpu_limit(socket.get());
  confine_decoder(socket.get());
  serve_decodes(socket.get(), {static_cast<std::byte*>(memory), segment_bytes}, decode);
  _exit(EXIT_SUCCESS);
}

/// Makes a child and sends its descriptors. Returns false if the worker can't be served any more.
bool make_child(const DecoderArguments& arguments, DecodeFunction decode) {
  auto [worker_end, child_end] = make_socket_pair();
  Descriptor segment = make_segment(arguments.segment_bytes);
  if (!segment) return false;
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    worker_end = {};
    run_child(std::move(child_end), std::move(segment), arguments.segment_bytes, decode);
  }
  // The child waits for its first request, so this process id is still its own.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  if (!process) return false;
  const std::array descriptors{worker_end.get(), segment.get(), process.get()};
  return send_descriptors(control_descriptor, descriptors);
}

bool parse(std::string_view text, std::size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int run_decoder_parent(const DecoderArguments& arguments, DecodeFunction decode) {
  // A signal to the whole group or unit is for the worker, which still finishes its images.
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal_number, SIG_IGN);
  std::signal(SIGCHLD, SIG_IGN);  // The kernel then removes ended children by itself.
  close_range(control_descriptor + 1, ~0U, 0);
  // A child keeps freed memory for its next image until it is idle. Otherwise it would fault the
  // same pages in again for each image.
  mallopt(M_MMAP_MAX, 0);
  constexpr int never = -1;
  mallopt(M_TRIM_THRESHOLD, never);
  // Children inherit both. The parent itself needs little.
  if (!limit_memory(arguments.memory_bytes_max)) return EXIT_FAILURE;
  confine_decoder_parent();
  char command = 0;
  while (recv(control_descriptor, &command, 1, 0) == 1) {
    if (!make_child(arguments, decode)) {
      std::fputs("samoyed-decoder: can't start a decoder process\n", stderr);
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}

int decoder_main(int argc, char** argv, DecodeFunction decode) {
  DecoderArguments arguments;
  if (argc != 3 || !parse(argv[1], arguments.segment_bytes) ||
      !parse(argv[2], arguments.memory_bytes_max)) {
    std::fputs("samoyed-decoder is started by samoyed-worker, not by hand.\n", stderr);
    return EXIT_FAILURE;
  }
  return run_decoder_parent(arguments, decode);
}

}  // namespace samoyed::worker
