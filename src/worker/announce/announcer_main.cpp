#include "worker/announce/announcer_program.hpp"

int main(int argc, char** argv) { return samoyed::worker::announcer_main(argc, argv); }
