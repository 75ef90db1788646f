#pragma once

#include <memory>

#include <asio/io_context.hpp>

#include "dispatcher/storage/storage.hpp"

namespace samoyed::test {

/// A store that tests open, close and open again. At first it is empty.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  virtual std::unique_ptr<dispatcher::Storage> open(asio::io_context& io,
                                                    dispatcher::StorageOptions options) = 0;
};

/// A new store of the kind that the test program was linked with, or null if this machine lacks
/// what it needs.
std::unique_ptr<StoreFactory> make_store_factory();

}  // namespace samoyed::test
