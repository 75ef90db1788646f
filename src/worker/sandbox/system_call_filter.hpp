#pragma once

namespace samoyed::worker {

/// What becomes of a system call that a filter doesn't allow.
enum class AtRefusal {
  fail,  ///< It fails with EPERM, and the kernel logs it (in the audit log).
  kill,  ///< It ends the whole process (SIGSYS).
};

/// Whether files can still be opened.
enum class Files {
  none,
  readable,  ///< Those that Landlock allows, to read them.
};

/// From now on all threads of the process may only make the system calls that serving takes: on
/// open sockets and files, memory, time, waiting for each other, ending. Not allowed are, among
/// others: to open, execute, connect, bind, make a socket, a process or a thread, trace or signal
/// another process, or map memory as executable. `files` says whether to open is.
///
/// Returns an empty string, or what the kernel said against it. Thread rule: any thread, while no
/// thread is being created.
const char* filter_for_serving(AtRefusal at_refusal, Files files = Files::none);

/// The same for the parent of decoder processes, which makes processes and passes descriptors, and
/// for a decoder process. The latter may only read from and write to `socket`, use memory, and end;
/// it needs the process's filter to be the parent's so far. Refused calls fail with EPERM, because
/// libraries try some that they can do without.
const char* filter_for_decoder_parent();
const char* filter_for_decoder(int socket);

}  // namespace samoyed::worker
