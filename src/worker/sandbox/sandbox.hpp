#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "worker/sandbox/system_call_filter.hpp"

namespace samoyed::worker {

/// What a process has given up, and what it could not give up.
struct Confinement {
  /// For example `no files` or `only the system calls of serving`.
  std::vector<std::string> confined;
  /// What it still has, each with the reason.
  std::vector<std::string> lacking;

  /// One line for the log.
  std::string text() const;
  /// The value in the protocol's hello reply: `full`, `partial` or `off`.
  std::string word() const;
};

/// Permanently gives up, on all threads, what serving doesn't need: new privileges and
/// capabilities, core dumps, opening files, TCP connections to others (Landlock), and all system
/// calls but those of filter_for_serving. Never throws because the kernel lacks something: the
/// result says what is missing.
///
/// Everything that is needed later must be open, loaded and compiled before: files, sockets that
/// listen, libraries, threads, machine code that libraries make at run time. Builds with sanitizers
/// confine nothing, because the sanitizers themselves open files and make threads.
///
/// The files in the folders `readable`, and below them, can still be read, and nothing else. That
/// needs Landlock: without it, no file can be opened at all.
///
/// Thread rule: call it once, while no thread is being created.
Confinement enter_sandbox(AtRefusal at_refusal,
                          const std::vector<std::filesystem::path>& readable = {});

/// Gives up, in the parent of decoder processes, everything but making them. The children inherit
/// the limits: no privileges, files, TCP connections or signals to other processes. Skips each step
/// that the kernel doesn't support; the worker's log names what is missing. The
/// process must have one thread.
void confine_decoder_parent();

/// Gives up, in a decoder process, everything but decoding: see filter_for_decoder.
void confine_decoder(int socket);

/// Whether this build has sanitizers, so that enter_sandbox does nothing.
bool enter_sandbox_is_left_out();

}  // namespace samoyed::worker
