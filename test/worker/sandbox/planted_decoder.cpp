/// samoyed-decoder with a planted bug: an image that goes on with `planted:WORD:NUMBER` after PNG's
/// signature makes the decoder do what a taken-over process would try. Everything else is decoded
/// as usual. The answer to an attempt is a refusal that says `it failed` or `it succeeded`.

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "worker/decoders/image_decoder.hpp"
#include "worker/sandbox/decoder_program.hpp"

namespace samoyed {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view command_start = "\x89PNG\r\n\x1A\nplanted:"sv;

bool connects(int port) {
  const int socket_made = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address{.sin_family = AF_INET,
                            .sin_port = htons(static_cast<std::uint16_t>(port)),
                            .sin_addr = {htonl(INADDR_LOOPBACK)},
                            .sin_zero = {}};
  return connect(socket_made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool executes() {
  char* const arguments[] = {nullptr};
  execve("/bin/true", arguments, arguments);
  return false;  // A success doesn't return: the worker then sees the decoder end.
}

bool forks() {
  const auto by_old_call = syscall(SYS_fork);
  if (by_old_call == 0) _exit(0);
  const pid_t by_clone = fork();
  if (by_clone == 0) _exit(0);
  return by_old_call > 0 || by_clone > 0;
}

bool reads_memory_of(int process) {
  std::uint64_t copy = 0;
  const iovec local{&copy, sizeof copy};
  const iovec remote{&copy, sizeof copy};
  return process_vm_readv(process, &local, 1, &remote, 1, 0) > 0 ||
         open(("/proc/" + std::to_string(process) + "/mem").c_str(), O_RDONLY) >= 0;
}

[[noreturn]] void loop() {
  volatile bool forever = true;
  while (forever) {
  }
  std::abort();
}

/// Takes 10 GiB by malloc, and touches it.
bool allocates() {
  const std::size_t bytes = std::size_t{10} << 30;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) return false;
  std::memset(memory, 1, bytes);
  return true;
}

/// Writes where a program's output goes.
bool writes_elsewhere() { return write(1, "x", 1) == 1 || write(2, "x", 1) == 1; }

bool attempt(const std::string& word, int number) {
  if (word == "open") return open("/etc/passwd", O_RDONLY) >= 0;
  if (word == "connect") return connects(number);
  if (word == "execute") return executes();
  if (word == "fork") return forks();
  if (word == "trace") return ptrace(PTRACE_ATTACH, number, nullptr, nullptr) == 0;
  if (word == "kill") return kill(number, SIGKILL) == 0;
  if (word == "read memory") return reads_memory_of(number);
  if (word == "write elsewhere") return writes_elsewhere();
  if (word == "allocate") return allocates();
  if (word == "map executable") {
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
  }
  if (word == "loop") loop();
  if (word == "crash") std::abort();
  return true;  // An unknown word: the test must fail.
}

worker::DecodeResult decode_with_bug(std::span<const std::byte> file,
                                     const worker::DecodeLimits& limits,
                                     const worker::DecodeOptions& options,
                                     std::vector<std::uint8_t> memory) {
  std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(command_start)) {
    return worker::decode_image(file, limits, options, std::move(memory));
  }
  text.erase(0, command_start.size());
  const auto colon = text.find(':');
  const bool succeeded = attempt(text.substr(0, colon), std::atoi(text.c_str() + colon + 1));
  return protocol::Refusal{protocol::RefusalReason::unreadable,
                           succeeded ? "it succeeded" : "it failed"};
}

}  // namespace
}  // namespace samoyed

int main(int argc, char** argv) {
  return samoyed::worker::decoder_main(argc, argv, samoyed::decode_with_bug);
}
