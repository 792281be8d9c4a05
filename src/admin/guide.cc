#include "admin/guide.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace mq::admin {

namespace {

/// A value by the option's long name; for the rest the name itself stands.
constexpr std::pair<std::string_view, std::string_view> kSamples[] = {
    {"brokerAddr", "127.0.0.1:10911"}, {"brokerContainerAddr", "127.0.0.1:10811"}, {"controllerAddress", "127.0.0.1:9878"},
    {"clusterName", "DefaultCluster"}, {"cluster", "DefaultCluster"}, {"clusters", "DefaultCluster"}, {"brokerName", "broker-a"},
    {"brokers", "broker-a"}, {"topic", "TopicTest"}, {"topicName", "TopicTest"}, {"groupName", "my_group"}, {"consumerGroup", "my_group"},
    {"producerGroup", "my_producers"}, {"srcGroup", "my_group"}, {"destGroup", "other_group"}, {"group", "my_group"}, {"body", "hello"},
    {"msgId", "7F0000010000123456789ABCDEF00000"}, {"msgKey", "order-17"}, {"queueId", "0"}, {"queue", "0"}, {"index", "0"}, {"offset", "0"},
    {"perm", "6"}, {"timestamp", "now"}, {"key", "flushDiskType"}, {"value", "SYNC_FLUSH"}, {"namespace", "SPACE"}, {"method", "get"},
    {"ipList", "10.0.0.1,10.0.0.2"}, {"filename", "list.json"}, {"mode", "PULL"}, {"threshold", "3145728"}, {"commitLogReadAheadMode", "1"},
    {"brokerId", "1"}, {"brokerConfigPath", "/etc/rocketmq/broker.conf"}, {"brokerIdentity", "DefaultCluster:broker-a:0"}, {"totalQueueNum", "8"},
    {"path", "/data/store/config"}, {"configType", "topics"}, {"nameserverAddr", "127.0.0.1:9876"}, {"orderConf", "broker-a:4;broker-b:4"}};

std::string sample(const OptionSpec& o) {
  std::string_view name = o.long_name;
  while (name.ends_with(' ')) name.remove_suffix(1);
  const auto found = std::find_if(std::begin(kSamples), std::end(kSamples), [&](const auto& s) { return s.first == name; });
  const std::string value(found == std::end(kSamples) ? name : found->second);
  return value.find_first_of(" ;%") == std::string::npos ? value : "\"" + value + "\"";
}

std::string written(const OptionSpec& o) {
  const std::string name = o.name.empty() ? "--" + std::string(o.long_name) : "-" + std::string(o.name);
  return o.takes_value ? name + " " + sample(o) : name;
}

}  // namespace

std::string example_of(const Command& command) {
  std::string text = fmt::format("mqadmin {}", command.name);
  const bool own_n = std::any_of(command.options.begin(), command.options.end(), [](const OptionSpec& o) { return o.name == "n" && o.required; });
  if (!own_n) text += " -n 127.0.0.1:9876";
  std::set<int> groups;
  // Of several that would do, the one that reaches the most.
  const std::string_view one = command.one_of.find('c') != std::string_view::npos ? "c" : command.one_of.substr(0, 1);
  for (const OptionSpec& o : command.options) {
    const bool chosen = !one.empty() && o.name == one;
    const bool first_of_group = o.required && o.group > 0 && groups.insert(o.group).second;
    if ((o.required && o.group == 0) || first_of_group || chosen) text += " " + written(o);
  }
  return text;
}

std::string nearest_command(std::string_view word) {
  constexpr size_t kWrongLetters = 3;
  // How many letters must be put in, left out or exchanged to make one word of the other.
  const auto distance = [](std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i);
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (equal_ignoring_case(a.substr(i - 1, 1), b.substr(j - 1, 1)) ? 0 : 1)});
        diagonal = above;
      }
    }
    return row.back();
  };
  std::string_view nearest;
  size_t wrong = std::min(kWrongLetters, word.size() / 2) + 1;
  for (const Command& c : all_commands()) {
    if (const size_t d = distance(word, c.name); d < wrong) wrong = d, nearest = c.name;
  }
  return std::string(nearest);
}

std::string completion_script(std::string_view shell) {
  if (shell != "bash" && shell != "zsh") return {};
  std::string names = "help completion", cases;
  for (const Command& c : all_commands()) {
    names += fmt::format(" {}", c.name);
    std::string options = "-h --help -n --namesrvAddr";
    for (const OptionSpec& o : c.options) {
      if (!o.name.empty() && o.name != "n") options += fmt::format(" -{}", o.name);
      const std::string_view name = o.long_name.substr(0, o.long_name.find(' '));
      if (!name.empty()) options += fmt::format(" --{}", name);
    }
    if (c.extras & extra::kWatch) options += " --watch";
    if (c.extras & extra::kJson) options += " --json";
    cases += fmt::format("    {}) words=\"{}\" ;;\n", c.name, options);
  }
  std::string script;
  if (shell == "zsh") script += "autoload -U +X bashcompinit && bashcompinit\n";
  script += "_mqadmin() {\n  local words=\"\" word=\"${COMP_WORDS[COMP_CWORD]}\"\n";
  script += fmt::format("  if [ \"$COMP_CWORD\" -eq 1 ] || [ \"${{COMP_WORDS[1]}}\" = help ]; then\n    words=\"{}\"\n", names);
  script += "  else case \"${COMP_WORDS[1]}\" in\n" + cases + "  esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o default -F _mqadmin mqadmin\n";
  return script;
}

}  // namespace mq::admin
