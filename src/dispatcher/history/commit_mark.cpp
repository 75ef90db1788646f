#include "dispatcher/history/commit_mark.hpp"

namespace samoyed::dispatcher {

void create_commit_mark(Database& database) {
  database.execute(
      "CREATE TABLE commit_mark (mark TEXT NOT NULL) STRICT;"
      "INSERT INTO commit_mark VALUES ('')");
}

void set_commit_mark(Database& database, const std::string& mark) {
  database.prepare("UPDATE commit_mark SET mark = ?").bind(mark).run();
}

std::string commit_mark(Database& database) {
  auto row = database.prepare("SELECT mark FROM commit_mark");
  return row.step() ? row.text(0) : std::string();
}

}  // namespace samoyed::dispatcher
