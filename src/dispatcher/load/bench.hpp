#pragma once

namespace samoyed::load {

/// `clientsocket bench`, from its own command line on. Returns the exit status.
int run_bench(int argc, char** argv);

}  // namespace samoyed::load
