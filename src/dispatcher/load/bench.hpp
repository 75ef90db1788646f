#pragma once

namespace samoyed::load {

/// Runs `clientsocket bench` with its own command line. Returns the exit status.
int run_bench(int argc, char** argv);

}  // namespace samoyed::load
