CC ?= gcc
BUILD ?= build
PKGS := openblas fftw3f libcjson libcrypto
CFLAGS_ALL := -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -g -Wall -Wextra -Werror -fvisibility=hidden -fPIC -DSCRIM_BUILD -Iinclude -Isrc $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(PKGS)) -lm -lpthread
SRC := $(wildcard src/*.c src/*/*.c)
OBJ := $(SRC:%.c=$(BUILD)/%.o)
$(BUILD)/libscrim-all.a: $(OBJ)
	ar rcs $@ $^
$(BUILD)/%.o: %.c
	@mkdir -p $(dir $@)
	$(CC) $(CFLAGS_ALL) -MMD -c $< -o $@
$(BUILD)/tests/test_%: tests/test_%.c $(BUILD)/libscrim-all.a
	@mkdir -p $(dir $@)
	$(CC) $(CFLAGS_ALL) $< -o $@ $(BUILD)/libscrim-all.a $(LIBS) -lcmocka
-include $(OBJ:.o=.d)
