#include <string>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace elsewhere
{
int rename(const char *from, const char *to)
{
    return (from != nullptr) + (to != nullptr);
}
} // namespace elsewhere

struct Directory {
    int remove(const char *name)
    {
        return name[0];
    }
    int rename(int number)
    {
        return number + 1;
    }
};

#include "round.h"

int main(int count, char **arguments)
{
    const std::string prefix = count > 1 ? arguments[1] : "";
    const std::string path = prefix + "standard";
    std::vector<int> numbers = {1, 2, 3, 2};
    numbers.erase(std::remove(numbers.begin(), numbers.end(), 2), numbers.end());
    Directory directory;
    std::printf("%zu %d %d %d %d\n", numbers.size(), elsewhere::rename("a", "b"),
        directory.remove("a"), directory.rename(1), int(noexcept(std::remove("a"))));
    std::FILE *file = std::fopen(path.c_str(), "w");
    if (file == nullptr || std::fclose(file) != 0 ||
        std::rename(path.c_str(), (path + "2").c_str()) != 0 ||
        std::remove((path + "2").c_str()) != 0)
        return 9;
    return go_round(prefix.c_str());
}
