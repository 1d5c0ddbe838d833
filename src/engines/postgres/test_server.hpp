// A PostgreSQL server of a test's own, from Debian's packages, on a socket in a directory of its own: no port, no
// network. It ends with the process that started it.
#pragma once
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace abc2::engines::postgres::testing {

namespace fs = std::filesystem;

class TestServer {
 public:
  TestServer() {
    std::string name = (fs::temp_directory_path() / "abc2-postgres-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a directory for PostgreSQL");
    directory_ = name;
    // PostgreSQL refuses to run as root, and Debian's package has made a user for it.
    if (geteuid() == 0) {
      const passwd* user = getpwnam("postgres");
      if (!user) throw std::runtime_error("there is no user 'postgres': install postgresql-15");
      uid_ = user->pw_uid;
      gid_ = user->pw_gid;
      if (chown(name.c_str(), uid_, gid_) != 0) throw std::runtime_error("cannot give PostgreSQL its directory");
    }
    int status = 0;
    waitpid(launch({program("initdb"), "-D", data(), "-A", "trust", "-U", "abc2", "--no-sync", "--no-locale", "-E",
                    "UTF8"}),
            &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed");
    start();
  }
  ~TestServer() {
    kill();
    std::error_code ignored;  // a directory that stays is no reason to fail
    fs::remove_all(directory_, ignored);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void start(const std::vector<std::string>& settings = {}) {
    std::vector<std::string> command{program("postgres"),
                                     "-D",
                                     data(),
                                     "-k",
                                     directory_.string(),
                                     "-c",
                                     "listen_addresses=",
                                     "-c",
                                     "logging_collector=off",
                                     "-c",
                                     "shared_buffers=32MB"};
    for (const auto& setting : settings) {
      command.emplace_back("-c");
      command.push_back(setting);
    }
    pid_ = launch(command);
    for (int tries = 0; !answers(); ++tries) {
      if (tries == 600) throw std::runtime_error("PostgreSQL does not start");
      usleep(50'000);
    }
  }
  // kill -9: what it had not made durable is lost.
  void kill() {
    if (pid_ <= 0) return;
    resume();
    ::kill(pid_, SIGQUIT);  // at once, without a checkpoint; -9 would leave its helpers behind
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // All of its processes stand still.
  void pause() { signal_all(SIGSTOP); }
  void resume() { signal_all(SIGCONT); }

  [[nodiscard]] std::string url(const std::string& more = "") const {
    return "postgres://abc2@/postgres?host=" + directory_.string() + more;
  }

  // Runs a statement of the test's own, and returns the first field of its first row.
  std::string run(const std::string& statement) const {
    PGconn* connection = PQconnectdb(url().c_str());
    PGresult* result = PQexec(connection, statement.c_str());
    const auto status = PQresultStatus(result);
    std::string answer = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    const std::string message = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(message);
    return answer;
  }

 private:
  [[nodiscard]] std::string data() const { return (directory_ / "data").string(); }

  static std::string program(const std::string& name) {
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql")) {
      const auto path = version.path() / "bin" / name;
      if (fs::exists(path)) return path.string();
    }
    throw std::runtime_error("there is no PostgreSQL server here: install postgresql-15");
  }

  pid_t launch(const std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string log = (directory_ / "log").string();
    const pid_t child = fork();
    if (child != 0) return child;
    if (gid_ != 0 && (setgid(gid_) != 0 || setuid(uid_) != 0)) _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) _exit(1);
    execv(arguments[0], arguments.data());
    _exit(1);
  }

  [[nodiscard]] bool answers() const { return PQping(url().c_str()) == PQPING_OK; }

  void signal_all(int signal) const {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    for (const auto& entry :
         fs::directory_iterator("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_))) {
      if (entry.path().filename() != "children") continue;
      FILE* file = fopen(entry.path().c_str(), "r");
      for (int child = 0; file && fscanf(file, "%d", &child) == 1;) ::kill(child, signal);
      if (file) fclose(file);
    }
  }

  fs::path directory_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  pid_t pid_ = 0;
};

}  // namespace abc2::engines::postgres::testing
