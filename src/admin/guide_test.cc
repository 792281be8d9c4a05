#include "admin/guide.h"

#include <gtest/gtest.h>

#include "base/split.h"

namespace mq::admin {
namespace {

/// What help shows as an example is a command line that the parser takes.
TEST(Guide, ExamplesAreCommandLines) {
  for (const Command& c : all_commands()) {
    const std::string example = example_of(c);
    ASSERT_TRUE(example.starts_with("mqadmin " + std::string(c.name))) << example;
    std::vector<std::string> words;
    for (const std::string_view w : split(example, " ")) words.emplace_back(w);
    words.erase(words.begin(), words.begin() + 2);
    std::vector<OptionSpec> specs = c.options;
    if (std::none_of(specs.begin(), specs.end(), [](const OptionSpec& o) { return o.name == "n"; })) specs.push_back({"n", "namesrvAddr"});
    const auto options = parse_options(specs, words);
    ASSERT_TRUE(options) << example << ": " << options.error().message();
    if (!c.one_of.empty()) {
      EXPECT_TRUE(std::any_of(c.one_of.begin(), c.one_of.end(), [&](char letter) { return options->has(std::string_view(&letter, 1)); })) << example;
    }
  }
}

TEST(Guide, CompletionKnowsEveryCommand) {
  const std::string script = completion_script("bash");
  for (const Command& c : all_commands()) EXPECT_NE(script.find("\n    " + std::string(c.name) + ") words=\"-h"), std::string::npos) << c.name;
  EXPECT_TRUE(completion_script("zsh").starts_with("autoload"));
  EXPECT_EQ(completion_script("fish"), "");
}

TEST(Guide, MistypedWordsAreGuessed) {
  EXPECT_EQ(nearest_command("clusterlits"), "clusterList");
  EXPECT_EQ(nearest_command("topicStats"), "topicStatus");
  EXPECT_EQ(nearest_command("updatetopc"), "updateTopic");
  EXPECT_EQ(nearest_command("xyz"), "");
  EXPECT_EQ(nearest_command("somethingElse"), "");
  EXPECT_EQ(nearest_command(""), "");
}

}  // namespace
}  // namespace mq::admin
