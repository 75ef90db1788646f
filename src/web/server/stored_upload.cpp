#include "web/server/stored_upload.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "web/forms/multipart.hpp"
#include "web/routes/error_responses.hpp"

namespace samoyed::web {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

/// Opens a file that nobody else can find. Not every file system can create one without a name.
int open_nameless(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = (folder / "samoyed-form-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

Problem no_room(const std::error_code& error) {
  spdlog::warn("can't store a form of several pictures: {}", error.message());
  return {Reason::no_resources,
          "There is no room for so many pictures at the moment. Send fewer at a time."};
}

}  // namespace

/// Thread rule: one piece of work at a time.
class StoredUpload::File {
 public:
  explicit File(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::error_code append(std::string_view bytes) {
    if (fd_ < 0) fd_ = open_nameless(folder_);
    if (fd_ < 0) return last_error();
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return last_error();
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::string read(std::uint64_t begin, std::uint64_t size) const {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got =
          ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(begin + done));
      if (got == 0) throw std::system_error(EIO, std::generic_category(), "a stored form");
      if (got < 0 && errno != EINTR) throw std::system_error(last_error(), "a stored form");
      if (got > 0) done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

 private:
  const std::filesystem::path folder_;
  int fd_ = -1;
};

std::filesystem::path large_files_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/var/tmp";
}

std::optional<Reason> FormStore::take(const std::string& client, std::uint64_t more) {
  const auto found = by_client.find(client);
  const std::uint64_t of_client = found == by_client.end() ? 0 : found->second;
  // The client's own limit comes first, because the client can do something about it.
  if (more > client_bytes_max - of_client) return Reason::client_limit;
  if (more > bytes_max - bytes) return Reason::overloaded;
  if (more == 0) return std::nullopt;
  bytes += more;
  by_client[client] += more;
  return std::nullopt;
}

void FormStore::give_back(const std::string& client, std::uint64_t taken) {
  if (taken == 0) return;
  bytes -= taken;
  const auto found = by_client.find(client);
  found->second -= taken;
  if (found->second == 0) by_client.erase(found);
}

StoredUpload::StoredUpload(FormStore& store, std::string client, std::string_view boundary)
    : store_(store),
      client_(std::move(client)),
      scanner_(boundary),
      file_(std::make_shared<File>(store.folder)) {}

StoredUpload::~StoredUpload() { store_.give_back(client_, bytes_); }

asio::awaitable<std::optional<Problem>> StoredUpload::append(std::string piece) {
  if (auto error = scanner_.scan(piece)) {
    co_return Problem{Reason::bad_form, std::move(error->sentence)};
  }
  if (const auto reason = store_.take(client_, piece.size())) {
    co_return upload_not_admitted(*reason);
  }
  bytes_ += piece.size();
  auto work = [](std::shared_ptr<File> file,
                 std::string bytes) -> asio::awaitable<std::error_code> {
    co_return file->append(bytes);
  };
  asio::awaitable<std::error_code> written = work(file_, std::move(piece));
  const std::error_code error =
      co_await asio::co_spawn(store_.thread, std::move(written), asio::use_awaitable);
  if (error) co_return no_room(error);
  co_return std::nullopt;
}

std::optional<Problem> StoredUpload::finish() const {
  auto error = scanner_.finish();
  return error ? std::optional(Problem{Reason::bad_form, std::move(error->sentence)})
               : std::nullopt;
}

asio::awaitable<std::string> StoredUpload::read(ScannedPart part) {
  auto work = [](std::shared_ptr<File> file, std::uint64_t begin,
                 std::uint64_t size) -> asio::awaitable<std::string> {
    co_return file->read(begin, size);
  };
  asio::awaitable<std::string> bytes = work(file_, part.begin, part.size);
  co_return co_await asio::co_spawn(store_.thread, std::move(bytes), asio::use_awaitable);
}

bool may_be_stored(const RequestContext& context) {
  if (!context.route.route) return false;
  const Body body = context.route.route->policy.body;
  return (body == Body::form || body == Body::images) &&
         is_form_type(find_field(context.request.fields, "Content-Type"));
}

}  // namespace samoyed::web
