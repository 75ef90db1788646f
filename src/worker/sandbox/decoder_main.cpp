#include "worker/decoders/image_decoder.hpp"
#include "worker/sandbox/decoder_program.hpp"

int main(int argc, char** argv) {
  return samoyed::worker::decoder_main(argc, argv, samoyed::worker::decode_image);
}
