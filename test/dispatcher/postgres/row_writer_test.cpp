#include "dispatcher/postgres/row_writer.hpp"

#include <catch2/catch.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::dispatcher::postgres;
using test::history_row;
using test::wait_for;

namespace {

Connection unreachable() { throw UnavailableError("no route to the host"); }

}  // namespace

TEST_CASE("while rows can't be written, work that somebody awaits fails, and rows wait") {
  asio::io_context io;
  RowWriter writer(unreachable, "dispatcher");
  CHECK(writer.post(history_row("me")));
  CHECK(writer.post(ConfirmedAdoption{"me"}));
  auto nothing = [](Connection&) { return true; };
  CHECK_THROWS_AS(wait_for(io, writer.run(nothing)), UnavailableError);
  CHECK(writer.problem() == "no route to the host");
  CHECK(writer.lost() == 0);
  writer.stop();
  CHECK(writer.lost() == 2);
  CHECK_FALSE(writer.post(history_row("me")));
}

TEST_CASE("rows beyond the limits are not accepted") {
  const HistoryRow row = history_row("me");
  RowWriter::Limits limits;
  SECTION("by number") { limits.tasks_max = 2; }
  SECTION("by bytes") { limits.bytes_max = 2 * held_bytes(row); }
  RowWriter writer(unreachable, "dispatcher", limits);
  CHECK(writer.post(row));
  CHECK(writer.post(row));
  CHECK_FALSE(writer.post(row));
}
