# shellcheck shell=bash
# For run.sh: make_inputs DIRECTORY makes the files that the command lines in "lines.txt" read.
# They are the same each time. If the program that makes a file is not installed, the file is
# left out, because the programs that read it are not installed either.

make_inputs()
{
    mkdir "$1" && (
        cd "$1" && make_tables && make_programs && make_documents && make_sources && make_pictures
        make_archives
        # Archives store these times.
        touch -d '2020-02-02 02:02:02 UTC' ./*
    ) 2>/dev/null
}

make_tables()
{
    printf '%s\n' one two 'three and more' '' four >short.txt
    awk 'BEGIN { for (i = 1; i <= 400; i++) printf "word%d%s\n", i * 7919 % 1000, i % 3 ? "" : "longer" }' >words.txt
    awk 'BEGIN { for (i = 0; i < 60; i++) print i, i * i % 37, i * 7 % 11 }' >numbers.txt
    awk 'BEGIN { for (i = 0; i < 9000; i++) print "line", i * 7919 % 9001, "of many" }' >many.txt
    awk 'BEGIN { for (i = 10; i < 90; i += 2) print i, "one" }' >sorted-one.txt
    awk 'BEGIN { for (i = 10; i < 90; i += 3) print i, "two" }' >sorted-two.txt
    printf '%s\n' name,count,price apple,12,0.45 pear,3,1.20 apple,7,0.50 plum,1,19.99 >table.csv
    awk 'BEGIN { printf "{\"items\": ["; for (i = 0; i < 2000; i++) printf "{\"name\": \"fruit %d\", \"n\": %d.50}, ", i, i
        print "{\"name\": \"p\\u00e4r\", \"tags\": [\"a\", \"b\"]}]}" }' >data.json
}

make_programs()
{
    echo 'BEGIN { FS = "," } NR > 1 { sum[$1] += $2 * $3 } END { for (k in sum) print k, sum[k] > ("sum-of-" k) }' >program.awk
    # The file is longer than the buffers of its readers.
    printf '%s\n' 'scale = 20' 'for (i = 0; i < 30; i++) 2 ^ i' 'define f(x) { return (x * x); }' 'f(12)' >program.bc
    awk 'BEGIN { for (i = 0; i < 3000; i++) printf "f(%d) + %d\n", i, i * 7 }' >>program.bc
    printf '%s\n' 'define g(x) { return (f(x) + 1); }' 'g(1)' >functions.bc
    printf '%s\n' '5 k 2 v p' '[d 1 - d 0 <a] sa 9 la x' 'f 16 o 255 p' >program.dc
    awk 'BEGIN { for (i = 0; i < 3000; i++) print i, i * 3, "+ p s" (i % 2 ? "b" : "c") }' >>program.dc
    cat >macros.m4 <<'END'
define(`twice', `$1 $1')dnl
divert(3)diverted: twice(`three')
divert(1)diverted: twice(`one')
divert(0)include(`short.txt')dnl
undivert(`table.csv')syscmd(`echo from a child')dnl
forloop: define(`n', 0)define(`loop', `ifelse(n, 300, `', `n define(`n', incr(n))$0`'')')
divert(5)loop
changecom(`/*', `*/')include(`many.txt')dnl
divert(0)sysval esyscmd(`echo again')translit(`abc', `a-c', `A-C') eval(2 ** 10)
END
    cat >script.lua <<'END'
local file = assert(io.open("made.txt", "w+"))
file:setvbuf("full", 100)
for i = 1, 300 do file:write(i, " ", i * i % 97, "\n") end
file:seek("set", 10)
print(file:read("l", "n", "L", 5), file:seek())
file:seek("end", -4)
print(file:read("a"))
file:close()
for line in io.lines("short.txt") do print(line) end
local more = assert(io.open("made.txt", "a+b"))
more:write("the end\n")
more:seek("set", 0)
print(more:read("L"))
more:close()
assert(os.rename("made.txt", "kept.txt"))
print(io.open("made.txt"))
io.output("other.txt")
io.write(string.rep("x", 5000))
io.close()
local binary = assert(io.open("dumped.luac", "wb"))
binary:write(string.dump(function(...) return select("#", ...) end))
binary:close()
print(assert(loadfile("dumped.luac"))(1, 2, 3))
assert(os.remove("dumped.luac"))
END
    cat >plot.gp <<'END'
set terminal svg size 300,200
set output "plot.svg"
plot "numbers.txt" using 1:2 with lines, sin(x) * 10
set output "other.svg"
set table "table.txt"
plot "numbers.txt" using 1:3
unset table
stats "numbers.txt" using 2
save "saved.gp"
END
    printf '%s\n' '# a filter' '.items | map({(.name): .n}) | add' >filter.jq
    cat >script.sql <<'END'
create table t (a integer primary key, b text);
insert into t (b) values ('one'), ('two'), ('three');
.mode csv
.output rows.csv
select * from t;
.output stdout
.once rows.txt
select count(*) from t;
.import --skip 1 rows.csv t2
select b from t order by b;
.dump t
END
    printf '%s\n' '/longer/w longer.txt' '1~50p' '$r short.txt' '5,8{H;x;s/\n/,/;x}' '$!d' 'x' 'p' >program.sed
    printf '%s\n' '2,4d' '1i' 'a first line' '.' '/word5/s//WORD5/' '1,10w part.txt' 'g/longer/m0' 'r short.txt' 'u' '1,20n' 'w' 'q' >edit.txt
    printf '%s\n' 'N { print(name, " ", degree); }' >program.gvpr
    cat >rules.mk <<'END'
include more.mk
all: $(NAMES:%=%.out) summary
%.out: %.txt
	wc -l <$< >$@
summary: $(NAMES:%=%.out)
	cat $^ >$@
END
    echo 'NAMES = short words numbers' >more.mk
    printf '%s\n' 'cd fruit' 'cat' 'ls' 'save saved.xml' 'quit' >shell.txt
}

make_documents()
{
    printf '%s\n' '%!PS-Adobe-3.0' '/Times-Roman findfont 40 scalefont setfont' '72 600 moveto (A first page) show' '100 100 200 50 rectfill showpage' \
        '/Courier findfont 30 scalefont setfont' '72 500 moveto (and a second) show showpage' >page.ps
    gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -sOutputFile=page.pdf page.ps
    {
        printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE list SYSTEM "list.dtd">' '<list><fruit name="p&#228;r">2</fruit>'
        awk 'BEGIN { for (i = 0; i < 2000; i++) printf "<fruit name=\"fruit %d\">%d</fruit>", i, i }'
        echo '</list>'
    } >document.xml
    printf '%s\n' '<!ELEMENT list (fruit*)>' '<!ELEMENT fruit (#PCDATA)>' '<!ATTLIST fruit name CDATA #REQUIRED>' >list.dtd
    printf '%s\n' '.TH PAGE 1 "2 February 2020"' '.SH NAME' 'page \- says little' '.SH DESCRIPTION' '.B Bold' 'and' '.I italic.' >page.1
    cat many.txt >>page.1
    printf '%s\n' '.TL' 'A report' '.so part.ms' '.PP' 'Words.' '.TS' 'tab(,);' 'l n.' 'apple,1.5' 'pear,12.25' '.TE' '.PS' 'box "one"; arrow; circle "two"' '.PE' >report.ms
    printf '%s\n' '.PP' 'What another file says.' >part.ms
    cat many.txt >>part.ms
    printf '%s\n' 'digraph g { rankdir=LR; a -> b -> c; b -> d [label="edge"]; d -> a; e [shape=box]; c -> e }' >graph.dot
}

make_sources()
{
    cat >calculator.y <<'END'
%{
int yylex(void);
void yyerror(const char *);
%}
%token NUMBER
%left '+' '-'
%left '*' '/'
%%
line: expression '\n' | line expression '\n' ;
expression: NUMBER | expression '+' expression { $$ = $1 + $3; } | expression '*' expression { $$ = $1 * $3; }
    | '(' expression ')' { $$ = $2; } ;
END
    awk 'BEGIN { print "/*"; for (i = 0; i < 2000; i++) print "a line of a comment,", i; print "*/" }' >comment
    { echo %%; cat comment; } >>calculator.y
    cat >scanner.l <<'END'
%option noyywrap
DIGIT [0-9]
%%
{DIGIT}+  return 1;
"if"|"else"|"while"  return 2;
[a-z][a-z0-9]*  return 3;
[ \t\n]  ;
.  return yytext[0];
%%
END
    cat comment >>scanner.l
    printf '%s\n' '.globl _start' '.text' '_start: mov $60, %eax' 'mov $7, %edi' 'syscall' '.data' 'word: .quad _start' >start.s
    awk 'BEGIN { for (i = 0; i < 3000; i++) printf "label%d: .long %d\n", i, i }' >>start.s
    sed -e 3d -e '10s/word/changed/' -e '100a a new line' words.txt >changed.txt
    diff -u words.txt changed.txt >change.diff
    rm changed.txt
}

make_pictures()
{
    awk 'BEGIN { print "P3\n160 120\n255"; for (y = 0; y < 120; y++) for (x = 0; x < 160; x++)
        print x, y * 2, (x * y + x % 7) % 256 }' >plain.ppm
    pamtopnm plain.ppm >/dev/null && pnmflip -null plain.ppm >image.ppm
    rm plain.ppm
    cjpeg -outfile photo.jpg image.ppm
    pnmtotiff image.ppm >picture.tif
    sox -R -n -r 8000 -b 16 tone.wav synth 3 sine 440
    make_packets >packets.pcap
}

# UDP and TCP packets with the same addresses.
make_packets()
{
    address='\x0a\x00\x00\x01\x0a\x00\x00\x02' ethernet='\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0'
    printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\0\0\0'
    local number
    for ((number = 0; number < 200; number++)); do
        make_two_packets
    done
}

make_two_packets()
{
    printf '\x01\0\0\0\x02\0\0\0\x2e\0\0\0\x2e\0\0\0'
    printf "$ethernet"'\x45\0\0\x20\0\x01\0\0\x40\x11\0\0'"$address"'\x13\x88\x13\x89\0\x0c\0\0abcd'
    printf '\x02\0\0\0\x02\0\0\0\x36\0\0\0\x36\0\0\0'
    printf "$ethernet"'\x45\0\0\x28\0\x02\0\0\x40\x06\0\0'"$address"'\x13\x88\0\x50\0\0\0\x01\0\0\0\0\x50\x02\x20\0\0\0\0\0'
}

make_archives()
{
    touch -d '2020-02-02 02:02:02 UTC' words.txt numbers.txt short.txt many.txt
    zip -q -X archive.zip words.txt numbers.txt short.txt many.txt
}
