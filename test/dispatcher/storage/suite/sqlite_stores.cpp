#include "support/store_factory.hpp"
#include "support/temporary_folder.hpp"

namespace samoyed::test {
namespace {

class SqliteStores final : public StoreFactory {
 public:
  std::unique_ptr<dispatcher::Storage> open(asio::io_context& io,
                                            dispatcher::StorageOptions options) override {
    options.folder = folder_.path();
    return dispatcher::open_storage(io.get_executor(), options);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

std::unique_ptr<StoreFactory> make_store_factory() { return std::make_unique<SqliteStores>(); }

}  // namespace samoyed::test
