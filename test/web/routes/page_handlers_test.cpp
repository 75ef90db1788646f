#include <zlib.h>

#include <catch2/catch.hpp>

#include "web/http/base_path.hpp"
#include "web/routes/handler_fixture.hpp"
#include "web/views/assets.hpp"

namespace samoyed::web {
namespace {

using test::count_of;
using test::HandlerFixture;
using test::run_now;

/// Returns a text from its gzip form.
std::string unpacked(const std::string& bytes) {
  std::string text(std::size_t{1} << 20, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string input = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST_CASE_METHOD(HandlerFixture, "methods that a path doesn't support are rejected") {
  struct Case {
    std::string method;
    std::string target;
    int status;
    std::string allow;
  };
  const auto one = GENERATE(values<Case>({
      {"GET", "/", 200, ""},
      {"HEAD", "/", 200, ""},
      {"GET", "/?x=y", 200, ""},
      {"GET", "http://localhost:9999/", 200, ""},
      {"PUT", "/", 405, "GET, HEAD, POST, OPTIONS"},
      {"DELETE", "/", 405, "GET, HEAD, POST, OPTIONS"},
      {"POST", "/assets/style.css", 405, "GET, HEAD, OPTIONS"},
      {"HEAD", "/add/a:1", 405, "GET, POST, OPTIONS"},
      {"HEAD", "/del/a:1", 405, "GET, POST, OPTIONS"},
      {"OPTIONS", "*", 204, "GET, HEAD, POST, DELETE, OPTIONS"},
      {"OPTIONS", "/", 204, "GET, HEAD, POST, OPTIONS"},
      {"OPTIONS", "/add/a:1", 204, "GET, POST, OPTIONS"},
      {"OPTIONS", "/api/v1/workers/a:1", 204, "GET, HEAD, POST, DELETE, OPTIONS"},
      {"OPTIONS", "/v2/models/m/infer", 204, "POST, OPTIONS"},
      {"OPTIONS", "/nowhere", 404, ""},
      {"CONNECT", "a:1", 405, "GET, HEAD, POST, DELETE, OPTIONS"},
      {"BREW", "/", 501, ""},
      {"get", "/", 501, ""},
      {"GET", "*", 400, ""},
      {"GET", "/nowhere", 404, ""},
      {"GET", "/adder", 404, ""},
      {"GET", "/assets/", 404, ""},
      {"GET", "/assets/../style.css", 404, ""},
      {"GET", "/assets/icon.svg", 200, ""},
      {"GET", "/favicon.ico", 200, ""},
      {"GET", "/healthz", 200, ""},
      {"HEAD", "/healthz", 200, ""},
      {"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
      {"HEAD", "/readyz", 503, ""},
      {"POST", "/readyz", 405, "GET, HEAD, OPTIONS"},
      {"GET", "/sign-in", 405, "POST, OPTIONS"},
      {"POST", "/sign-in", 404, ""},
      {"GET", "/sign-out", 405, "POST, OPTIONS"},
  }));
  INFO(one.method << ' ' << one.target);
  const Response response = respond({one.method, one.target, 11, {}, {}});
  CHECK(response.status == one.status);
  CHECK(find_field(response.fields, "Allow") == one.allow);
  if (one.status == 204) CHECK(response.body.empty());
}

TEST_CASE_METHOD(HandlerFixture, "OPTIONS needs no permission and changes nothing") {
  const Fields fields{{"Host", "evil.example"}, {"Origin", "https://evil.example"}};
  CHECK(respond({"OPTIONS", "/add/localhost:1", 11, fields, {}}).status == 204);
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(HandlerFixture, "a load balancer may probe with HTTP/1.0 and without Host") {
  // What HAProxy's `option httpchk` sends.
  const auto status = [&](const std::string& method, const std::string& target) {
    RequestContext current = context;
    current.request = {method, target, 10, {}, {}};
    current.route = resolve_route(current.request);
    if (const auto rejected = check_request(services, current)) return rejected->status;
    return run_now(current.route.route->handler(services, current)).status;
  };
  CHECK(status("GET", "/healthz") == 200);
  CHECK(status("HEAD", "/healthz") == 200);
  CHECK(status("GET", "/readyz") == 503);
  workers.add({"localhost", 1});
  CHECK(status("GET", "/readyz") == 200);
  CHECK(status("OPTIONS", "/") == 204);
}

TEST_CASE_METHOD(HandlerFixture, "workers are added and deleted by address") {
  CHECK(count_of(get("/add/localhost:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/[::1]:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/%5B0:0::2%5D:7777").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(count_of(get("/add/localhost:8888").body, "<h1>Add worker successful</h1>") == 1);
  CHECK(addresses() == std::vector<std::string>{"localhost:8888", "[::1]:8888", "[::2]:7777"});

  const Response deleted = respond({"POST", "/del/LOCALHOST:8888", 11, {}, {}});
  CHECK(deleted.status == 200);
  CHECK(count_of(deleted.body, "<h1>Delete worker successful</h1>") == 1);
  CHECK(addresses() == std::vector<std::string>{"[::1]:8888", "[::2]:7777"});
  const Response again = get("/del/localhost:8888");
  CHECK(again.status == 404);
  CHECK(count_of(again.body, "Unknown worker") >= 1);
}

TEST_CASE_METHOD(HandlerFixture, "a bad address gets 400, with the form of a good one") {
  const std::string verb = GENERATE("/add", "/del");
  const std::string address =
      GENERATE("", "/", "/localhost", "/localhost:", "/localhost:0", "/localhost:65536", "/::1:80",
               "/a:1/", "/a%3", "/%00:1", "/a:1%0A", "/<script>:1", "?other=a:1");
  INFO(verb + address);
  const Response response = get(verb + address);
  CHECK(response.status == 400);
  CHECK(count_of(response.body, "from 1 to 65535") == 1);
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(HandlerFixture, "the form's address redirects to the address's own URL") {
  struct Case {
    std::string target;
    std::string location;
  };
  const auto one = GENERATE(values<Case>({
      {"/add?address=localhost%3A8888", "/add/localhost:8888"},
      {"/add?address=+%5B%3A%3A1%5D%3A1+", "/add/[::1]:1"},
      {"/del?address=a:1", "/del/a:1"},
      {"/add?address", "/add/"},
      {"/add?address=%0D%0ASet-Cookie%3A%20a", "/add/%0D%0ASet-Cookie:%20a"},
      {"/add?address=//evil.example/", "/add/%2F%2Fevil.example%2F"},
  }));
  const Response response = get(one.target);
  CHECK(response.status == 303);
  CHECK(find_field(response.fields, "Location") == one.location);
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(HandlerFixture, "browsers keep an asset whose address has its version") {
  const std::string page = get("/").body;
  CHECK(count_of(page, "href=\"" + asset_path("style.css") + "\"") == 1);
  CHECK(count_of(page, "=\"/assets/") == count_of(page, "=\"" + asset_path("")));
  const Response kept = get(asset_path("style.css"));
  CHECK(kept.status == 200);
  CHECK(find_field(kept.fields, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(kept.body == find_asset("style.css")->bytes);
  // Of another version of the program, or of none.
  for (const std::string target : {"/assets/0123456789abcdef/style.css", "/assets/style.css"}) {
    const Response other = get(target);
    CHECK(other.status == 200);
    CHECK(find_field(other.fields, "Cache-Control") == "no-cache");
  }
  for (const std::string target :
       {"/assets/0123456789abcde/style.css", "/assets/0123456789abcdeg/style.css",
        "/assets/0123456789abcdef/0123456789abcdef/style.css", "/assets/0123456789abcdef/none"}) {
    CHECK(get(target).status == 404);
  }
}

TEST_CASE_METHOD(HandlerFixture, "assets and documents are compressed for clients that accept it") {
  const auto fetch = [&](const std::string& target, const std::string& encoding) {
    return respond({"GET", target, 11, {{"Accept-Encoding", encoding}}, {}});
  };
  for (const std::string& target : {asset_path("chart.umd.js"), std::string("/assets/style.css"),
                                    std::string("/api"), std::string("/api/openapi.json")}) {
    INFO(target);
    const Response plain = fetch(target, "identity");
    const Response packed = fetch(target, "br, gzip");
    CHECK(find_field(plain.fields, "Content-Encoding").empty());
    CHECK(find_field(packed.fields, "Content-Encoding") == "gzip");
    CHECK(find_field(plain.fields, "Vary") == "Accept-Encoding");
    CHECK(find_field(packed.fields, "Vary") == "Accept-Encoding");
    CHECK(packed.body.size() < plain.body.size() / 2);
    CHECK(unpacked(packed.body) == plain.body);
    const std::string tag(find_field(packed.fields, "ETag"));
    CHECK(tag != find_field(plain.fields, "ETag"));
    CHECK(respond({"GET", target, 11, {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}}, {}})
              .status == 304);
  }
}

TEST_CASE_METHOD(HandlerFixture,
                 "pages about a visitor are not compressed, and browsers ask again") {
  for (const std::string target : {"/", "/results", "/stats", "/nowhere"}) {
    INFO(target);
    const Response page = respond({"GET", target, 11, {{"Accept-Encoding", "gzip"}}, {}});
    CHECK(find_field(page.fields, "Content-Encoding").empty());
    CHECK(find_field(page.fields, "Cache-Control") ==
          (target == "/" ? "private, no-cache" : "no-store"));
  }
}

TEST_CASE_METHOD(HandlerFixture, "a compressed page has the base path in its addresses") {
  context.base_path = "/samoyed";
  Response page = respond({"GET", "/api", 11, {{"Accept-Encoding", "gzip"}}, {}});
  add_base_path(page, context.base_path);
  const std::string text = unpacked(page.body);
  CHECK(count_of(text, "href=\"/samoyed" + asset_path("style.css") + "\"") == 1);
  CHECK(count_of(text, "href=\"/api") == 0);
  Response plain = get("/api");
  add_base_path(plain, context.base_path);
  CHECK(plain.body == text);
}

TEST_CASE_METHOD(HandlerFixture, "other assets are revalidated") {
  const Response first = get("/assets/style.css");
  CHECK(find_field(first.fields, "Content-Type") == "text/css; charset=utf-8");
  CHECK(first.body == find_asset("style.css")->bytes);
  CHECK(first.body.size() > 1000);
  const std::string tag(find_field(first.fields, "ETag"));
  const auto status = [&](const std::string& if_none_match) {
    return respond({"GET", "/assets/style.css", 11, {{"If-None-Match", if_none_match}}, {}}).status;
  };
  CHECK(status(tag) == 304);
  CHECK(status("\"x\", W/" + tag) == 304);
  CHECK(status("*") == 304);
  CHECK(status("\"x\"") == 200);
  CHECK(tag != entity_tag(find_asset("app.js")->bytes));
}

TEST_CASE_METHOD(HandlerFixture,
                 "a server is ready if it has a worker in rotation and is not stopping") {
  const auto check = [&](int status, std::string_view line) {
    const Response response = get("/readyz");
    CHECK(response.status == status);
    CHECK(response.body == line);
    CHECK(find_field(response.fields, "Content-Type") == "text/plain; charset=utf-8");
    const bool fine = status == 200;
    CHECK(find_field(response.fields, "Samoyed-Reason") ==
          (fine ? "" : line.substr(0, line.size() - 1)));
    CHECK(find_field(response.fields, "Retry-After").empty() == fine);
  };
  check(503, "no_active_worker\n");
  get("/add/localhost:8888");
  check(200, "ok\n");
  services.storage_available = [] { return false; };
  check(200, "ok, but results and jobs are unavailable\n");
  CHECK(get("/").body.find("Results and jobs are unavailable") != std::string::npos);
  services.storage_available = [] { return true; };
  CHECK(get("/").body.find("Results and jobs are unavailable") == std::string::npos);
  context.stopping = true;
  check(503, "stopping\n");
  CHECK(get("/healthz").body == "ok\n");
}

}  // namespace
}  // namespace samoyed::web
