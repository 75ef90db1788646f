#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/digest.hpp"
#include "web/server/server_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryPage;
using dispatcher::HistoryRow;
using dispatcher::Job;
using dispatcher::JobState;
using test::count_of;
using test::ServerTest;

/// Keeps rows in memory, oldest first. Its pages have one row, so that an export needs several.
class ShortHistory final : public dispatcher::History {
 public:
  bool record(HistoryRow row) override {
    row.id = static_cast<dispatcher::HistoryId>(rows.size() + 1);
    rows.push_back(std::move(row));
    return true;
  }
  std::uint64_t dropped() const override { return 0; }
  asio::awaitable<HistoryPage> find(dispatcher::HistoryQuery query) override {
    if (failing) throw dispatcher::StorageError("the disk is gone");
    if (on_find) on_find();
    HistoryPage page;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      const bool wanted = (!query.visitor || row->visitor == *query.visitor) &&
                          (!query.before || row->id < *query.before);
      if (!wanted) continue;
      if (!page.rows.empty()) {
        page.next_before = page.rows.back().id;
        break;
      }
      page.rows.push_back(*row);
    }
    co_return page;
  }
  asio::awaitable<std::optional<HistoryRow>> find_row(dispatcher::HistoryId id,
                                                      std::optional<std::string> visitor) override {
    const auto row = std::ranges::find(rows, id, &HistoryRow::id);
    if (row == rows.end() || (visitor && row->visitor != *visitor)) co_return std::nullopt;
    co_return *row;
  }
  asio::awaitable<std::uint64_t> remove_all(std::string visitor) override {
    co_return std::erase_if(rows, [&](const HistoryRow& row) { return row.visitor == visitor; });
  }
  asio::awaitable<bool> adopt(std::string from, std::string to,
                              dispatcher::Adopted adopted) override {
    if (failing) throw dispatcher::StorageError("the disk is gone");
    if (hanging) {
      const auto executor = co_await asio::this_coro::executor;
      hung.emplace(executor, std::chrono::steady_clock::time_point::max());
      std::error_code cancelled;
      co_await hung->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    if (adopted == dispatcher::Adopted::unsigned_only && from != unsigned_visitor) co_return false;
    bool any = false;
    for (HistoryRow& row : rows) {
      if (row.visitor != from) continue;
      row.visitor = to;
      any = true;
    }
    co_return any;
  }
  void confirm_adoption(std::string from) override { confirmed.push_back(std::move(from)); }
  asio::awaitable<dispatcher::HistoryStatistics> statistics(
      dispatcher::HistoryStatisticsQuery query) override {
    dispatcher::HistoryStatistics numbers;
    numbers.rows = static_cast<std::size_t>(std::ranges::count_if(rows, [&](const HistoryRow& row) {
      return !query.visitor || row.visitor == *query.visitor;
    }));
    co_return numbers;
  }

  std::vector<HistoryRow> rows;
  bool failing = false;
  bool hanging = false;  ///< `adopt` waits until `hung` is canceled.
  std::optional<asio::steady_timer> hung;
  std::vector<std::string> confirmed;
  std::string unsigned_visitor;  ///< The one visitor with rows from before
                                 ///< cookies were signed.
  std::function<void()> on_find;
};

/// Jobs that advance one step each time somebody looks.
class SteppingJobs final : public dispatcher::Jobs {
 public:
  class Watch final : public dispatcher::JobWatch {
   public:
    asio::awaitable<std::optional<Job>> next(std::chrono::steady_clock::time_point) override {
      Job job{.id = "abc"};
      job.state = step_ == 0 ? JobState::waiting : JobState::done;
      ++step_;
      co_return step_ > 2 ? std::nullopt : std::optional(job);
    }
    bool ended() const override { return step_ >= 2; }

   private:
    int step_ = 0;
  };

  asio::awaitable<dispatcher::Submitted> submit(dispatcher::JobRequest request) override {
    submitted.push_back(request);
    std::vector<std::string> ids(request.images.size(), "abc");
    co_return ids;
  }
  asio::awaitable<std::optional<Job>> find(std::string id) override {
    if (id != "abc") co_return std::nullopt;
    Job job{.id = id};
    co_return job;
  }
  asio::awaitable<bool> cancel(std::string) override { co_return false; }
  std::unique_ptr<dispatcher::JobWatch> watch(std::string) override {
    return std::make_unique<Watch>();
  }
  Load load() const override { return {}; }

  std::vector<dispatcher::JobRequest> submitted;
};

// The ids in the cookies of two visitors.
const std::string somebody(32, 'a');
const std::string other(32, 'b');

const std::string key = "key";

std::string cookie_of(const std::string& id) { return id + "." + io::signature_hex(key, id); }

/// The owner of the rows of a visitor with this id.
std::string owner_of(const std::string& id) { return io::digest_hex(id); }

struct StorageServerTest : ServerTest {
  StorageServerTest() {
    history = &kept;
    jobs = &queue;
    classifier.open_gate();
    options.access.visitor_key = key;
  }

  void keep_three_images() {
    for (int i = 0; i < 3; ++i) {
      HistoryRow row;
      row.visitor = owner_of(somebody);
      row.file_name = "picture " + std::to_string(i);
      kept.record(row);
    }
  }

  static std::string get(const std::string& path, const std::string& id = {},
                         const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: x\r\n" +
           (id.empty() ? "" : "Cookie: samoyed_visitor=" + cookie_of(id) + "\r\n") +
           "Connection: close\r\n\r\n";
  }

  asio::awaitable<std::string> exchange(std::string request) {
    auto socket = co_await connect();
    co_await send(socket, request);
    co_return co_await receive_all(socket);
  }

  ShortHistory kept;
  SteppingJobs queue;
};

TEST_CASE_METHOD(StorageServerTest, "visitors can see and remove their own results") {
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string first = co_await test.exchange(upload(3, "Connection: close\r\n"));
    const std::size_t cookie = first.find("\r\nSet-Cookie: samoyed_visitor=");
    REQUIRE(cookie != first.npos);
    const std::string visitor = first.substr(cookie + 30, 32);
    REQUIRE(test.kept.rows.size() == 1);
    CHECK(test.kept.rows[0].visitor == owner_of(visitor));
    CHECK(test.kept.rows[0].file_name == "dog.jpg");
    CHECK(test.kept.rows[0].image_bytes == 3);
    CHECK(test.kept.rows[0].client == "127.0.0.1");
    CHECK(test.kept.rows[0].worker == "localhost:8888");
    CHECK(test.kept.rows[0].time_ms > 0);

    const std::string cookie_line =
        "Cookie: samoyed_visitor=" + cookie_of(other) + "\r\nConnection: close\r\n";
    const std::string second = co_await test.exchange(upload(3, cookie_line));
    CHECK(second.find("Set-Cookie") == second.npos);
    CHECK(test.kept.rows.back().visitor == owner_of(other));

    const std::string mine = co_await test.exchange(get("/api/v1/results", visitor));
    CHECK(count_of(mine, "\"file_name\":\"dog.jpg\"") == 1);
    const std::string nobodys = co_await test.exchange(get("/api/v1/results"));
    CHECK(count_of(nobodys, "\"results\":[]") == 1);
    CHECK(nobodys.find("Set-Cookie") == nobodys.npos);

    const std::string gone = co_await test.exchange(get("/api/v1/results", visitor, "DELETE"));
    CHECK(count_of(gone, "{\"removed\":1}") == 1);
    REQUIRE(test.kept.rows.size() == 1);
    CHECK(test.kept.rows[0].visitor == owner_of(other));
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "an upload that isn't recognized sets no cookie") {
  classifier.refused_bytes = 3;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string refused = co_await test.exchange(upload(3, "Connection: close\r\n"));
    CHECK(refused.starts_with("HTTP/1.1 503 "));
    CHECK(count_of(refused, "Set-Cookie") == 0);
    const std::string recognized = co_await test.exchange(upload(4, "Connection: close\r\n"));
    CHECK(count_of(recognized, "Set-Cookie") == 1);
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "pages show a visitor's results and delete them") {
  HistoryRow row;
  row.visitor = owner_of(somebody);
  row.file_name = "yesterday.jpg";
  row.thumbnail = "jpeg bytes";
  row.has_thumbnail = true;
  kept.record(row);
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string mine = co_await test.exchange(get("/results", somebody));
    CHECK(count_of(mine, "<bdi>yesterday.jpg</bdi>") == 1);
    const std::string others = co_await test.exchange(get("/results", other));
    CHECK(count_of(others, "yesterday.jpg") == 0);
    CHECK(count_of(others, "Nothing here yet.") == 1);
    CHECK(others.find("Set-Cookie") == others.npos);

    const std::string thumbnail = co_await test.exchange(get("/results/1/thumbnail.jpg", somebody));
    CHECK(thumbnail.ends_with("\r\n\r\njpeg bytes"));
    const std::string head =
        co_await test.exchange(get("/results/1/thumbnail.jpg", somebody, "HEAD"));
    CHECK(head.starts_with("HTTP/1.1 200"));
    CHECK(head.ends_with("\r\n\r\n"));
    for (const std::string& visitor : {other, std::string()}) {
      const std::string refused = co_await test.exchange(get("/results/1/thumbnail.jpg", visitor));
      CHECK(refused.starts_with("HTTP/1.1 404"));
    }

    const std::string none = co_await test.exchange(get("/results/delete", other, "POST"));
    CHECK(count_of(none, "You have no results.") == 1);
    CHECK(test.kept.rows.size() == 1);
    const std::string gone = co_await test.exchange(get("/results/delete", somebody, "POST"));
    CHECK(count_of(gone, "1 result was permanently deleted.") == 1);
    CHECK(test.kept.rows.empty());
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest,
                 "each of several images in one form is recognized and recorded") {
  classifier.refused_bytes = 4;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    std::string body;
    for (const std::string content : {"abc", "abcd", "abcde"}) {
      body += "--b\r\nContent-Disposition: form-data; name=file; filename=\"" + content +
              ".jpg\"\r\n\r\n" + content + "\r\n";
    }
    body += "--b--\r\n";
    const std::string page = co_await test.exchange(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Connection: close\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(page.starts_with("HTTP/1.1 200"));
    CHECK(count_of(page, "<h1>2 of 3 pictures recognized</h1>") == 1);
    CHECK(test.classifier.file_bytes == std::vector<std::uint64_t>{3, 4, 5});
    REQUIRE(test.kept.rows.size() == 2);
    CHECK(test.kept.rows[0].file_name == "abc.jpg");
    CHECK(test.kept.rows[1].file_name == "abcde.jpg");
    CHECK(test.kept.rows[1].image_bytes == 5);
    const std::string metrics = co_await test.exchange(get("/metrics"));
    CHECK(count_of(metrics, "all_busy\"} 1\n") == 1);
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest,
                 "an export contains all pages, and a failed one lacks its end") {
  keep_three_images();
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string whole = co_await test.exchange(get("/api/v1/results.csv", somebody));
    CHECK(count_of(whole, "picture ") == 3);
    CHECK(count_of(whole, "\r\n0\r\n\r\n") == 1);
    CHECK(whole.ends_with("\r\n0\r\n\r\n"));
    const std::string text = co_await test.exchange(get("/api/v1/results.json", somebody));
    CHECK(count_of(text, "{\"results\":[") == 1);
    CHECK(count_of(text, "\"file_name\":\"picture ") == 3);
    CHECK(count_of(text, ",\n{\"id\"") == 2);
    CHECK(text.ends_with("]}\n\r\n0\r\n\r\n"));
    test.kept.failing = true;
    const std::string torn = co_await test.exchange(get("/api/v1/results.csv", somebody));
    CHECK(torn.starts_with("HTTP/1.1 200"));
    CHECK(!torn.ends_with("\r\n0\r\n\r\n"));
    const std::string failed = co_await test.exchange(get("/api/v1/results", somebody));
    CHECK(failed.starts_with("HTTP/1.1 503"));
    CHECK(failed.find("Samoyed-Reason: storage") != failed.npos);
    CHECK(count_of(failed, "the disk is gone") == 0);
  }(*this));
}

/// The value of the visitor's cookie that a response sets. Empty if it sets none.
std::string set_cookie_of(const std::string& response, const std::string& name) {
  const std::string begin = "\r\nSet-Cookie: " + name + "=";
  const std::size_t found = response.find(begin);
  if (found == response.npos) return {};
  const std::size_t value = found + begin.size();
  return response.substr(value, response.find(';', value) - value);
}

TEST_CASE_METHOD(StorageServerTest,
                 "an unsigned id that the history knows is adopted by a new one") {
  keep_three_images();
  kept.unsigned_visitor = owner_of(somebody);
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const auto results_of = [&test](const std::string& cookie) {
      return test.exchange("GET /api/v1/results HTTP/1.1\r\nHost: x\r\nCookie: samoyed_visitor=" +
                           cookie + "\r\nConnection: close\r\n\r\n");
    };
    const std::string known = co_await results_of(somebody);
    CHECK(count_of(known, "\"file_name\":\"picture 2\"") == 1);
    const std::string cookie = set_cookie_of(known, "samoyed_visitor");
    // Whoever knew the old id doesn't know the new one.
    REQUIRE(cookie.size() > 33);
    const std::string new_id = cookie.substr(0, 32);
    CHECK(new_id != somebody);
    CHECK(cookie == cookie_of(new_id));
    for (const HistoryRow& row : test.kept.rows) CHECK(row.visitor == owner_of(new_id));
    const std::string replaced = co_await results_of(cookie);
    CHECK(count_of(replaced, "\"file_name\":\"picture 2\"") == 1);
    CHECK(count_of(replaced, "Set-Cookie") == 0);
    // A request that was sent at the same time gets the same id.
    const std::string repeated = co_await results_of(somebody);
    CHECK(set_cookie_of(repeated, "samoyed_visitor") == cookie);
    const std::string invented = co_await results_of(other);
    CHECK(count_of(invented, "\"results\":[]") == 1);
    CHECK(count_of(invented, "Set-Cookie") == 0);

    // An upload with an invented id gets another one.
    const std::string upload_head =
        "Cookie: samoyed_visitor=" + other + "\r\nConnection: close\r\n";
    const std::string uploaded = co_await test.exchange(upload(3, upload_head));
    CHECK(count_of(uploaded, "Set-Cookie: samoyed_visitor=") == 1);
    CHECK(uploaded.find(other) == uploaded.npos);
    CHECK(test.kept.rows.back().visitor != owner_of(other));

    // While the history can't tell, the cookie stays as it is.
    test.kept.failing = true;
    const std::string undecided = co_await test.exchange(
        upload(3, "Cookie: samoyed_visitor=" + other + "\r\nConnection: close\r\n"));
    CHECK(undecided.starts_with("HTTP/1.1 200"));
    CHECK(count_of(undecided, "Set-Cookie") == 0);
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "a browser learns its new id even if the answer is an error") {
  keep_three_images();
  kept.unsigned_visitor = owner_of(somebody);
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string missing = co_await test.exchange(
        "GET /results/99/thumbnail.jpg HTTP/1.1\r\nHost: x\r\nCookie: samoyed_visitor=" + somebody +
        "\r\nConnection: close\r\n\r\n");
    CHECK(missing.starts_with("HTTP/1.1 404"));
    const std::string cookie = set_cookie_of(missing, "samoyed_visitor");
    REQUIRE(!cookie.empty());
    CHECK(test.kept.rows[0].visitor == owner_of(cookie.substr(0, 32)));
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest,
                 "an adoption that the history doesn't decide delays no request") {
  kept.hanging = true;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string undecided = co_await test.exchange(
        upload(3, "Cookie: samoyed_visitor=" + somebody + "\r\nConnection: close\r\n"));
    CHECK(undecided.starts_with("HTTP/1.1 200"));
    CHECK(count_of(undecided, "Set-Cookie") == 0);
    CHECK(test.kept.rows.back().visitor.empty());
    REQUIRE(test.kept.hung);
    test.kept.hung->cancel();
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "a visitor who returns after a long adoption gets the new id") {
  keep_three_images();
  kept.unsigned_visitor = owner_of(somebody);
  kept.hanging = true;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string request =
        "GET /api/v1/results HTTP/1.1\r\nHost: x\r\nCookie: samoyed_visitor=" + somebody +
        "\r\nConnection: close\r\n\r\n";
    const std::string early = co_await test.exchange(request);
    CHECK(count_of(early, "Set-Cookie") == 0);
    CHECK(test.kept.confirmed.empty());
    REQUIRE(test.kept.hung);
    test.kept.hung->cancel();
    const std::string late = co_await test.exchange(request);
    CHECK(count_of(late, "\"file_name\":\"picture 2\"") == 1);
    CHECK(!set_cookie_of(late, "samoyed_visitor").empty());
    co_await test.exchange(request);
    CHECK(test.kept.confirmed == std::vector{owner_of(somebody)});
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "only what uses a visitor's results waits for an adoption") {
  kept.hanging = true;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    for (const std::string path : {"/healthz", "/readyz", "/assets/style.css", "/", "/api"}) {
      const std::string answer = co_await test.exchange(
          "GET " + path + " HTTP/1.1\r\nHost: x\r\nCookie: samoyed_visitor=" + somebody +
          "\r\nConnection: close\r\n\r\n");
      CHECK(answer.starts_with("HTTP/1.1 "));
      CHECK(!test.kept.hung);
    }
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "a cookie that was planted over HTTP isn't used over HTTPS") {
  // Somebody between the browser and the server has made the browser send an id of theirs.
  keep_three_images();
  options.access.trusted_proxies = io::NetworkList({"127.0.0.1"});
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string over_https = "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.1\r\n";
    const std::string uploaded = co_await test.exchange(
        upload(3, over_https + "Cookie: samoyed_visitor=" + cookie_of(somebody) +
                      "\r\nConnection: close\r\n"));
    CHECK(uploaded.starts_with("HTTP/1.1 200"));
    const std::string cookie = set_cookie_of(uploaded, "__Secure-samoyed_visitor");
    REQUIRE(cookie.size() > 33);
    CHECK(cookie.substr(0, 32) != somebody);
    CHECK(test.kept.rows.back().visitor == owner_of(cookie.substr(0, 32)));
    // The planted id shows nothing any more. A visitor's own results have moved along.
    const std::string planted = co_await test.exchange(get("/api/v1/results", somebody));
    CHECK(count_of(planted, "\"results\":[]") == 1);
    const std::string mine = co_await test.exchange(
        "GET /api/v1/results.json HTTP/1.1\r\nHost: x\r\n" + over_https +
        "Cookie: samoyed_visitor=" + cookie_of(somebody) + "; __Secure-samoyed_visitor=" + cookie +
        "\r\nConnection: close\r\n\r\n");
    CHECK(count_of(mine, "picture 2") == 1);
    CHECK(count_of(mine, "Set-Cookie") == 0);
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "an export in progress when the server stops is complete") {
  keep_three_images();
  start();
  kept.on_find = [this] { server->stop(); };
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string whole = co_await test.exchange(get("/api/v1/results.csv", somebody));
    CHECK(count_of(whole, "picture ") == 3);
    CHECK(whole.ends_with("\r\n0\r\n\r\n"));
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "images become jobs whose states arrive as events") {
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    const std::string accepted = co_await test.exchange(
        "POST /api/v1/jobs?top=2 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
        "X-Request-Id: job-1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    CHECK(accepted.starts_with("HTTP/1.1 202"));
    CHECK(count_of(accepted, "\r\nSet-Cookie: samoyed_visitor=") == 1);
    REQUIRE(test.queue.submitted.size() == 1);
    const dispatcher::JobRequest& request = test.queue.submitted[0];
    REQUIRE(request.images.size() == 1);
    CHECK(request.images[0].bytes == "abc");
    CHECK(request.top == 2);
    CHECK(request.request_id == "job-1");
    CHECK(request.visitor.size() == 32);
    CHECK(test.classifier.file_bytes.empty());

    const std::string events = co_await test.exchange(get("/api/v1/jobs/abc/events"));
    CHECK(count_of(events, "\r\nContent-Type: text/event-stream\r\n") == 1);
    CHECK(count_of(events, "event: job\n") == 2);
    CHECK(count_of(events, "\ndata: {") == 2);
    CHECK(events.ends_with("\r\n0\r\n\r\n"));
    const std::string none = co_await test.exchange(get("/api/v1/jobs/xyz/events"));
    CHECK(none.starts_with("HTTP/1.1 404"));
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "the workers' events begin at once and end with the server") {
  workers.add({"localhost", 8888});
  options.limits.streams_per_client_max = 1;
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    auto watching = co_await test.connect();
    co_await send(watching, get("/api/v1/workers/events"));
    const std::string begun = co_await receive_until(watching, "\"state\":\"unknown\"}]}\n\n");
    CHECK(count_of(begun, "event: workers\ndata: {\"workers\":[{\"address\":\"localhost:8888\"") ==
          1);
    const std::string second = co_await test.exchange(get("/api/v1/workers/events"));
    CHECK(second.starts_with("HTTP/1.1 503"));
    test.workers.add({"localhost", 7777});
    co_await receive_until(watching, "localhost:7777");
    test.server->stop();
    const std::string rest = co_await receive_all(watching);
    CHECK(rest.ends_with("0\r\n\r\n"));
  }(*this));
}

TEST_CASE_METHOD(StorageServerTest, "a stream without events sends heartbeats") {
  options.timeouts.heartbeat = std::chrono::milliseconds(1);
  start();
  run_client([](StorageServerTest& test) -> asio::awaitable<void> {
    auto watching = co_await test.connect();
    co_await send(watching, get("/api/v1/workers/events"));
    co_await receive_until(watching, "\r\n:\n\n\r\n", 2);
    test.server->stop();
    co_await receive_all(watching);
  }(*this));
}

TEST_CASE_METHOD(ServerTest, "a server that keeps no results says so") {
  start();
  run_client([](ServerTest& test) -> asio::awaitable<void> {
    auto socket = co_await test.connect();
    co_await send(socket,
                  "GET /api/v1/results HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /api/v1/jobs/abc HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /api/v1/statistics HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /results HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answers = co_await receive_all(socket);
    CHECK(count_of(answers, "HTTP/1.1 404") == 3);
    CHECK(count_of(answers, "<h1 id=\"results\">No results are kept</h1>") == 2);
  }(*this));
}

}  // namespace
}  // namespace samoyed::web
